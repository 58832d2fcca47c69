// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Trusts client certificates that our intermediate signed, whether or not the client sends the
 * intermediate along (a ck.pem holds only the leaf). Any other certificate ends the handshake.
 */
final class ClientTrust extends X509ExtendedTrustManager {
  private final X509Certificate issuer;
  private final X509Certificate[] named;

  /**
   * Makes the trust of one server.
   *
   * @param issuer of the certificates that are let in
   * @param named the authorities that the server names when it asks for a certificate: some clients
   *     select theirs by this list
   */
  ClientTrust(X509Certificate issuer, X509Certificate... named) {
    this.issuer = issuer;
    this.named = named;
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return named.clone();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    chain[0].checkValidity();
    try {
      chain[0].verify(issuer.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new CertificateException(
          "client certificate must be signed by the simulator's "
              + issuer.getSubjectX500Principal(),
          e);
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("the simulator is no client");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }
}
