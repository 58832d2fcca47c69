// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import static org.junit.jupiter.api.Assumptions.abort;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.util.Map;

/** On a PostgreSQL of this test's own, from Maven; skipped on machines for which there is none. */
class CallServiceOnPostgresTest extends EndToEnd {
  private EmbeddedPostgres postgres;

  @Override
  Map<String, ?> database() throws IOException {
    try {
      postgres = EmbeddedPostgres.start();
    } catch (IOException | IllegalStateException e) {
      if ("true".equals(System.getenv("CI"))) {
        throw e;
      }
      abort("PostgreSQL from Maven does not run on this machine: " + e);
    }
    return Map.of(
        "spring.datasource.url",
        postgres.getJdbcUrl("postgres", "postgres"),
        "spring.datasource.username",
        "postgres");
  }

  @Override
  void closeDatabase() throws IOException {
    if (postgres != null) {
      postgres.close();
    }
  }
}
