// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.credentials.CredentialsException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in place of a stack trace what is wrong with the certificate or key file. */
final class CredentialsFailureAnalyzer extends AbstractFailureAnalyzer<CredentialsException> {
  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, CredentialsException cause) {
    return new FailureAnalysis(
        "voip-push.credentials: " + cause.file() + ": " + cause.fault(), cause.fix(), cause);
  }
}
