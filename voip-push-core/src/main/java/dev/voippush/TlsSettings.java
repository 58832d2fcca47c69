// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** The TLS side of a client: our identity, and whom to trust. There is no way to trust everyone. */
record TlsSettings(SSLContext context, X509TrustManager trustManager) {

  /** Trusts the system's roots and {@code trusted} besides. */
  static TlsSettings of(ApnsCredentials credentials, List<X509Certificate> trusted) {
    try {
      X509TrustManager trustManager = trustManager(trusted);
      KeyManager[] identity =
          credentials instanceof PushCertificate certificate
              ? new KeyManager[] {
                new IdentityKeyManager(certificate.privateKey(), certificate.chain())
              }
              : new KeyManager[0];
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(identity, new TrustManager[] {trustManager}, null);
      return new TlsSettings(context, trustManager);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this Java runtime cannot set up TLS: " + e, e);
    }
  }

  private static X509TrustManager trustManager(List<X509Certificate> trusted)
      throws GeneralSecurityException, IOException {
    X509TrustManager system = trustManager((KeyStore) null);
    if (trusted.isEmpty()) {
      return system;
    }
    KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
    roots.load(null, null);
    int n = 0;
    for (X509Certificate root : system.getAcceptedIssuers()) {
      roots.setCertificateEntry("system-" + n++, root);
    }
    for (X509Certificate root : trusted) {
      roots.setCertificateEntry("trusted-" + n++, root);
    }
    return trustManager(roots);
  }

  private static X509TrustManager trustManager(@Nullable KeyStore roots)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(roots);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager found) {
        return new ServerTrust(found);
      }
    }
    throw new GeneralSecurityException("no X509ExtendedTrustManager");
  }
}
