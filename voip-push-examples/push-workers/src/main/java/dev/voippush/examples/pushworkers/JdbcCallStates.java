// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.DeviceToken;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Call states in a database: the service's table of calls, and the workers' own of pushes; see
 * {@code schema.sql}. For PostgreSQL, and for H2 in its mode.
 */
final class JdbcCallStates implements CallStates {
  private final DataSource database;

  JdbcCallStates(DataSource database) {
    this.database = database;
  }

  @Override
  public Set<UUID> ringing(Collection<UUID> calls) {
    if (calls.isEmpty()) {
      return Set.of();
    }
    String sql =
        "SELECT id FROM calls WHERE state = 'RINGING' AND id IN ("
            + String.join(", ", Collections.nCopies(calls.size(), "?"))
            + ")";
    try (Connection connection = database.getConnection();
        PreparedStatement select = connection.prepareStatement(sql)) {
      int i = 0;
      for (UUID call : calls) {
        select.setObject(++i, call);
      }
      Set<UUID> ringing = new HashSet<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          ringing.add(rows.getObject("id", UUID.class));
        }
      }
      return ringing;
    } catch (SQLException e) {
      throw unavailable(e);
    }
  }

  @Override
  public Claimed claim(UUID callId, Collection<DeviceToken> devices, Claimant claimant) {
    Set<DeviceToken> mine = new LinkedHashSet<>();
    Map<DeviceToken, PushEnd> ended = new LinkedHashMap<>();
    try (Connection connection = database.getConnection()) {
      List<DeviceToken> known = insert(connection, callId, devices, claimant, mine);
      for (DeviceToken device : known) { // a crash, a rebalance, or the record came twice
        if (takeOver(connection, callId, device, claimant)) {
          mine.add(device);
        } else {
          PushEnd end = find(connection, callId, device);
          if (end != null) {
            ended.put(device, end);
          }
        }
      }
      return new Claimed(mine, ended);
    } catch (SQLException e) {
      throw unavailable(e);
    }
  }

  /** Returns the devices that were there before. */
  private static List<DeviceToken> insert(
      Connection connection,
      UUID callId,
      Collection<DeviceToken> devices,
      Claimant claimant,
      Set<DeviceToken> inserted)
      throws SQLException {
    List<DeviceToken> known = new ArrayList<>();
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            INSERT INTO pushes (call_id, token, job, generation) VALUES (?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """)) {
      for (DeviceToken device : devices) {
        insert.setObject(1, callId);
        insert.setString(2, device.hex());
        insert.setObject(3, claimant.job());
        insert.setInt(4, claimant.generation());
        insert.addBatch();
      }
      int[] counts = insert.executeBatch();
      int i = 0;
      for (DeviceToken device : devices) {
        if (counts[i++] == 1) {
          inserted.add(device);
        } else {
          known.add(device);
        }
      }
    }
    return known;
  }

  private static boolean takeOver(
      Connection connection, UUID callId, DeviceToken device, Claimant claimant)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            UPDATE pushes SET job = ?, generation = ?
            WHERE call_id = ? AND token = ? AND ended IS NULL AND (generation < ? OR job = ?)
            """)) {
      update.setObject(1, claimant.job());
      update.setInt(2, claimant.generation());
      update.setObject(3, callId);
      update.setString(4, device.hex());
      update.setInt(5, claimant.generation());
      update.setObject(6, claimant.job());
      return update.executeUpdate() == 1;
    }
  }

  private static @Nullable PushEnd find(Connection connection, UUID callId, DeviceToken device)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("SELECT ended FROM pushes WHERE call_id = ? AND token = ?")) {
      select.setObject(1, callId);
      select.setString(2, device.hex());
      try (ResultSet rows = select.executeQuery()) {
        String ended = rows.next() ? rows.getString("ended") : null;
        return ended == null ? null : PushEnd.valueOf(ended);
      }
    }
  }

  @Override
  public void end(UUID callId, Map<DeviceToken, PushEnd> ends) {
    if (ends.isEmpty()) {
      return;
    }
    try (Connection connection = database.getConnection();
        PreparedStatement update =
            connection.prepareStatement(
                """
                UPDATE pushes SET ended = ? WHERE call_id = ? AND token = ? AND ended IS NULL
                """)) {
      for (Map.Entry<DeviceToken, PushEnd> end : ends.entrySet()) {
        update.setString(1, end.getValue().name());
        update.setObject(2, callId);
        update.setString(3, end.getKey().hex());
        update.addBatch();
      }
      update.executeBatch();
    } catch (SQLException e) {
      throw unavailable(e);
    }
  }

  /** By code and classes only: a driver's message may repeat the statement, and so its tokens. */
  private static Unavailable unavailable(SQLException e) {
    return new Unavailable(
        "SQLState "
            + e.getSQLState()
            + " ("
            + Stream.<Throwable>iterate(e, Objects::nonNull, Throwable::getCause)
                .map(thrown -> thrown.getClass().getSimpleName())
                .collect(Collectors.joining(", "))
            + ")");
  }
}
