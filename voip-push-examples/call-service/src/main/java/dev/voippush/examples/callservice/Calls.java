// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The calls in the database, so that a restart and other instances know them. */
@Repository
class Calls {
  private final JdbcClient jdbc;

  Calls(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * Adds a call.
   *
   * @throws org.springframework.dao.DuplicateKeyException if there is one with this id
   */
  void add(Call call) {
    jdbc.sql(
            """
            INSERT INTO calls (id, caller, callee, video, sent_at, expires_at, state)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        .param(call.callId())
        .param(call.caller())
        .param(call.callee())
        .param(call.video())
        .param(sqlTime(call.sentAt()))
        .param(sqlTime(call.expiresAt()))
        .param(call.state().name())
        .update();
  }

  Optional<Call> find(UUID id) {
    return jdbc.sql("SELECT * FROM calls WHERE id = ?").param(id).query(Calls::call).optional();
  }

  /**
   * Changes the state of a call, if it is this one: of all who try at the same moment, one does.
   *
   * @param device the callee's device that does it; null keeps what is there
   * @return true if this did it
   */
  boolean change(UUID id, CallState from, CallState to, @Nullable String device) {
    return jdbc.sql(
                "UPDATE calls SET state = ?, device = COALESCE(?, device)"
                    + " WHERE id = ? AND state = ?")
            .param(to.name())
            .param(device)
            .param(id)
            .param(from.name())
            .update()
        > 0;
  }

  /** The calls that ring although their time is over. */
  List<UUID> overdue(Instant now) {
    return jdbc.sql("SELECT id FROM calls WHERE state = 'RINGING' AND expires_at <= ?")
        .param(sqlTime(now))
        .query(UUID.class)
        .list();
  }

  private static Call call(ResultSet row, int number) throws SQLException {
    return new Call(
        row.getObject("id", UUID.class),
        row.getString("caller"),
        row.getString("callee"),
        row.getBoolean("video"),
        row.getObject("sent_at", OffsetDateTime.class).toInstant(),
        row.getObject("expires_at", OffsetDateTime.class).toInstant(),
        CallState.valueOf(row.getString("state")),
        row.getString("device"));
  }

  /** Neither driver takes an Instant. */
  static OffsetDateTime sqlTime(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
