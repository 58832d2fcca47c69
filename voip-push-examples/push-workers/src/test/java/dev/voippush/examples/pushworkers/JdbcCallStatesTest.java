// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.voippush.DeviceToken;
import dev.voippush.examples.pushworkers.CallStates.Claimant;
import dev.voippush.examples.pushworkers.CallStates.Claimed;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Who may push, by the database; once for each kind of it. */
@Timeout(60)
class JdbcCallStatesTest {
  private static final DeviceToken PHONE = DeviceToken.of("aa".repeat(32));
  private static final DeviceToken PAD = DeviceToken.of("bb".repeat(32));
  private static final List<DeviceToken> BOTH = List.of(PHONE, PAD);
  private static final Claimed NONE = new Claimed(Set.of(), Map.of());

  @Nested
  class OnH2 extends Rules {
    private JdbcConnectionPool pool;

    @Override
    DataSource open() {
      pool = JdbcConnectionPool.create("jdbc:h2:mem:states;MODE=PostgreSQL", "sa", "");
      return pool;
    }

    @Override
    void close() {
      pool.dispose();
    }
  }

  /**
   * On a PostgreSQL of this test's own, from Maven; skipped on machines for which there is none.
   */
  @Nested
  class OnPostgres extends Rules {
    private EmbeddedPostgres postgres;

    @Override
    DataSource open() throws IOException {
      try {
        postgres = EmbeddedPostgres.start();
      } catch (IOException | IllegalStateException e) {
        if ("true".equals(System.getenv("CI"))) {
          throw e;
        }
        abort("PostgreSQL from Maven does not run on this machine: " + e);
      }
      return postgres.getPostgresDatabase();
    }

    @Override
    void close() throws IOException {
      if (postgres != null) {
        postgres.close();
      }
    }

    /** With the time limit that README gives, but a shorter one. */
    @Test
    void databaseThatHangsIsAwayAndNoTokenIsSaid() throws SQLException {
      CallStates limited =
          new JdbcCallStates(postgres.getPostgresDatabase(Map.of("socketTimeout", "1")));
      try (Connection other = postgres.getPostgresDatabase().getConnection();
          Statement lock = other.createStatement()) {
        other.setAutoCommit(false);
        lock.execute("LOCK TABLE pushes");
        CallStates.Unavailable away =
            assertThrows(
                CallStates.Unavailable.class,
                () -> limited.claim(UUID.randomUUID(), BOTH, Rules.job(1)));
        assertEquals(
            "call states cannot be reached: SQLState 08006"
                + " (BatchUpdateException, PSQLException, SocketTimeoutException)",
            away.getMessage());
        assertNull(away.getCause());
      }
    }
  }

  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class Rules {
    private DataSource database;
    private CallStates states;

    abstract DataSource open() throws IOException;

    abstract void close() throws IOException;

    @BeforeAll
    void start() throws Exception {
      database = open();
      Surroundings.createTables(database.getConnection());
      states = new JdbcCallStates(database);
    }

    @AfterAll
    void end() throws IOException {
      close();
    }

    private static Claimant job(int generation) {
      return new Claimant(UUID.randomUUID(), generation);
    }

    @Test
    void oneJobGetsADevice() {
      UUID call = UUID.randomUUID();
      assertEquals(
          new Claimed(Set.of(PHONE), Map.of()), states.claim(call, List.of(PHONE), job(3)));
      assertEquals(new Claimed(Set.of(PAD), Map.of()), states.claim(call, BOTH, job(3)));
      assertEquals(NONE, states.claim(call, BOTH, job(3)));
    }

    @Test
    void aJobMayAskAgainAsItsAnswerMayBeLost() {
      UUID call = UUID.randomUUID();
      Claimant job = job(3);
      assertEquals(Set.copyOf(BOTH), states.claim(call, BOTH, job).mine());
      assertEquals(Set.copyOf(BOTH), states.claim(call, BOTH, job).mine());
    }

    @Test
    void theNextOwnerOfThePartitionTakesOverWhatHasNoEnd() {
      UUID call = UUID.randomUUID();
      Claimant before = job(3);
      states.claim(call, BOTH, before);
      states.end(call, Map.of(PAD, PushEnd.ACCEPTED));
      Claimed next = states.claim(call, BOTH, job(4));
      assertEquals(new Claimed(Set.of(PHONE), Map.of(PAD, PushEnd.ACCEPTED)), next);
      assertEquals(Set.of(), states.claim(call, BOTH, before).mine(), "nothing is taken back");
      assertEquals(Set.of(), states.claim(call, BOTH, job(3)).mine());
    }

    @Test
    void theFirstEndStays() {
      UUID call = UUID.randomUUID();
      states.claim(call, List.of(PHONE), job(3));
      states.end(call, Map.of(PHONE, PushEnd.ACCEPTED));
      states.end(call, Map.of(PHONE, PushEnd.OVER));
      assertEquals(
          new Claimed(Set.of(), Map.of(PHONE, PushEnd.ACCEPTED)),
          states.claim(call, List.of(PHONE), job(9)));
    }

    @Test
    void ofManyAtOnceOneGetsADevice() {
      for (int round = 0; round < 20; round++) {
        UUID call = UUID.randomUUID();
        CyclicBarrier barrier = new CyclicBarrier(4);
        List<CompletableFuture<Claimed>> claims = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          claims.add(
              CompletableFuture.supplyAsync(
                  () -> {
                    try {
                      barrier.await();
                    } catch (Exception e) {
                      throw new IllegalStateException(e);
                    }
                    return states.claim(call, BOTH, job(3));
                  },
                  command -> new Thread(command).start()));
        }
        assertEquals(2, claims.stream().mapToInt(claim -> claim.join().mine().size()).sum());
      }
    }

    @Test
    void onlyCallsThatRingAreRung() throws SQLException {
      UUID ringing = insert("RINGING");
      UUID answered = insert("ANSWERED");
      UUID unknown = UUID.randomUUID();
      assertEquals(Set.of(ringing), states.ringing(List.of(ringing, answered, unknown)));
      assertEquals(Set.of(), states.ringing(List.of()));
    }

    private UUID insert(String state) throws SQLException {
      UUID call = UUID.randomUUID();
      try (Connection connection = database.getConnection();
          PreparedStatement insert =
              connection.prepareStatement("INSERT INTO calls (id, state) VALUES (?, ?)")) {
        insert.setObject(1, call);
        insert.setString(2, state);
        insert.executeUpdate();
      }
      return call;
    }
  }

  @Test
  void aDatabaseThatIsNotThereIsSaidSo() {
    JdbcConnectionPool none = JdbcConnectionPool.create("jdbc:h2:mem:none;IFEXISTS=TRUE", "sa", "");
    CallStates states = new JdbcCallStates(none);
    UUID call = UUID.randomUUID();
    assertThrows(CallStates.Unavailable.class, () -> states.ringing(Set.of(call)));
    assertThrows(
        CallStates.Unavailable.class,
        () -> states.claim(call, BOTH, new Claimant(UUID.randomUUID(), 1)));
    assertThrows(CallStates.Unavailable.class, () -> states.end(call, Map.of(PHONE, PushEnd.OVER)));
  }
}
