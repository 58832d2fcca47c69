// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.ApnsEnvironment;
import dev.voippush.DeadTokens;
import dev.voippush.DeviceToken;
import java.time.Instant;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;

/** Who can be rung where: a row for each device of a user. */
@Repository
class Registrations implements DeadTokens.Store {
  private final JdbcClient jdbc;

  Registrations(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * Registers a device, in place of what it was registered as before. A token has one owner: when
   * another user logs in on the phone, the one before is not rung there any more.
   */
  @Transactional
  public void register(
      String user, String device, DeviceToken token, ApnsEnvironment environment, Instant now) {
    jdbc.sql("DELETE FROM registrations WHERE token = ? OR (user_id = ? AND device = ?)")
        .params(token.hex(), user, device)
        .update();
    jdbc.sql(
            """
            INSERT INTO registrations (user_id, device, token, environment, registered_at)
            VALUES (?, ?, ?, ?, ?)
            """)
        .params(user, device, token.hex(), environment.name(), Calls.sqlTime(now))
        .update();
  }

  void unregister(String user, String device) {
    jdbc.sql("DELETE FROM registrations WHERE user_id = ? AND device = ?")
        .params(user, device)
        .update();
  }

  /** The user's tokens of this environment; those of the other one are never pushed. */
  List<DeviceToken> tokens(String user, ApnsEnvironment environment) {
    return jdbc
        .sql("SELECT token FROM registrations WHERE user_id = ? AND environment = ?")
        .params(user, environment.name())
        .query(String.class)
        .list()
        .stream()
        .map(DeviceToken::of)
        .toList();
  }

  @Override
  public boolean discard(DeviceToken device, Instant deadSince) {
    return jdbc.sql("DELETE FROM registrations WHERE token = ? AND registered_at < ?")
            .params(device.hex(), Calls.sqlTime(deadSince))
            .update()
        > 0;
  }
}
