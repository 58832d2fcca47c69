// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Trusts whom the Java runtime's trust manager trusts. Of a certificate that it refuses the
 * exception keeps the names, which tell who is in between.
 */
final class ServerTrust extends X509ExtendedTrustManager {
  private static final int MAX_NAME = 128;

  private final X509ExtendedTrustManager runtimes;

  ServerTrust(X509ExtendedTrustManager runtimes) {
    this.runtimes = runtimes;
  }

  /** A server's certificate was refused, for the reason of the cause. */
  static final class RefusedException extends CertificateException {
    private static final long serialVersionUID = 1;

    private final String names;

    private RefusedException(X509Certificate[] chain, CertificateException cause) {
      super(cause.getMessage(), cause);
      names =
          chain.length == 0
              ? "none"
              : name(chain[0].getSubjectX500Principal().getName())
                  + ", issued by "
                  + name(chain[0].getIssuerX500Principal().getName());
    }

    /** Returns the subject and the issuer, fit for a log. */
    String names() {
      return names;
    }

    private static String name(String name) {
      String clean = name.replaceAll("\\p{Cntrl}", " ");
      return clean.length() <= MAX_NAME ? clean : clean.substring(0, MAX_NAME) + "…";
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    try {
      runtimes.checkServerTrusted(chain, authType);
    } catch (CertificateException e) {
      throw new RefusedException(chain, e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    try {
      runtimes.checkServerTrusted(chain, authType, socket);
    } catch (CertificateException e) {
      throw new RefusedException(chain, e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    try {
      runtimes.checkServerTrusted(chain, authType, engine);
    } catch (CertificateException e) {
      throw new RefusedException(chain, e);
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    runtimes.checkClientTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    runtimes.checkClientTrusted(chain, authType, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    runtimes.checkClientTrusted(chain, authType, engine);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return runtimes.getAcceptedIssuers();
  }
}
