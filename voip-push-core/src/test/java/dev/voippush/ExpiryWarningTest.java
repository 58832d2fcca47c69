// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.credentials.Apple;
import dev.voippush.credentials.PushCertificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Certificates that come of age, in virtual time. */
class ExpiryWarningTest {
  private static final Instant START = Instant.parse("2026-11-24T12:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);
  private static final Pattern WARNED =
      Pattern.compile("WARN .*expires in (\\d+) days|ERROR .*(expired) at");

  private final MutableClock clock = new MutableClock(START);
  private final VirtualTimer timer = new VirtualTimer(clock);
  private final ExpiryWarning warning = new ExpiryWarning(clock, timer);
  private final CapturedLog log = new CapturedLog();

  @AfterEach
  void release() {
    log.close();
  }

  private static PushCertificate certificate(Instant expiresAt) throws Exception {
    return PushCertificate.of(
        Apple.EC.getPrivate(), List.of(Apple.voip(Apple.EC, Apple.BUNDLE, Apple.START, expiresAt)));
  }

  /** Watches a certificate that expires so long from now. */
  private Instant watch(Duration left) throws Exception {
    Instant expiresAt = clock.instant().plus(left);
    warning.watch(certificate(expiresAt));
    return expiresAt;
  }

  /** Returns the warnings since the last look: their days, or "expired". */
  private List<String> warned() {
    List<String> found = new ArrayList<>();
    for (String line : log.text().lines().toList()) {
      Matcher matcher = WARNED.matcher(line);
      assertTrue(matcher.find(), line);
      found.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }
    log.clear();
    return found;
  }

  /** Lets days pass, and returns on which days left there was a warning. */
  private List<String> passTo(Instant expiresAt, Duration step, Duration beyond) {
    List<String> found = new ArrayList<>();
    while (clock.instant().isBefore(expiresAt.plus(beyond))) {
      timer.advance(step);
      Duration left = Duration.between(clock.instant(), expiresAt);
      warned().forEach(warned -> found.add(warned + " at " + left.toDays()));
    }
    return found;
  }

  @Test
  void warnsOnceEachAtThirtyFourteenSevenAndOneDaysAndWhenItHasExpired() throws Exception {
    Instant expiresAt = watch(Duration.ofDays(400));
    assertEquals(
        List.of("30 at 30", "14 at 14", "7 at 7", "1 at 1", "expired at 0"),
        passTo(expiresAt, Duration.ofHours(1), Duration.ofDays(40)));
  }

  @Test
  void warnsAtTheMomentThoughItLooksOnceADay() throws Exception {
    Instant expiresAt = watch(Duration.ofDays(31).plusHours(7));
    Instant due = expiresAt.minus(Duration.ofDays(30));
    timer.advance(Duration.between(clock.instant(), due).minusMillis(10));
    assertEquals(List.of(), warned());
    timer.advance(Duration.ofMillis(10));
    assertEquals(List.of("30"), warned());
  }

  @ParameterizedTest
  @CsvSource({
    "P31D,", // nothing yet
    "P30D,30",
    "P29D,29",
    "P14D,14",
    "P10D,10",
    "PT47H,1", // whole days
    "PT20H,1",
    "PT1S,1",
    "PT-1S,expired",
    "P-10D,expired"
  })
  void warnsAtOnceOfWhatIsDueWhenItBeginsToWatch(Duration left, String expected) throws Exception {
    var unused = watch(left);
    assertEquals(expected == null ? List.of() : List.of(expected), warned());
  }

  @Test
  void thresholdsThatWerePassedAreNotMadeUpFor() throws Exception {
    Instant expiresAt = watch(Duration.ofDays(5));
    assertEquals(1, warned().size());
    assertEquals(List.of("1 at 1", "expired at 0"), passTo(expiresAt, DAY, Duration.ofDays(2)));
  }

  @Test
  void wallClockThatStepsForwardIsNoticedAtTheNextLook() throws Exception {
    Instant expiresAt = watch(Duration.ofDays(60));
    clock.add(Duration.ofDays(50));
    assertEquals(List.of(), warned());
    timer.advance(DAY);
    assertEquals(1, warned().size(), "14 days; 30 are past");
    assertEquals(
        List.of("7 at 7", "1 at 1", "expired at 0"),
        passTo(expiresAt, Duration.ofHours(1), Duration.ofDays(2)));
  }

  @Test
  void wallClockThatStepsBackRepeatsNothing() throws Exception {
    Instant expiresAt = watch(Duration.ofDays(20));
    assertEquals(1, warned().size());
    clock.add(Duration.ofDays(-40));
    assertEquals(
        List.of("14 at 14", "7 at 7", "1 at 1", "expired at 0"),
        passTo(expiresAt, Duration.ofHours(1), Duration.ofDays(2)));
    clock.add(Duration.ofDays(-20));
    assertEquals(List.of(), passTo(expiresAt, DAY, Duration.ofDays(2)));
  }

  @Test
  void clockThatFailsIsAskedAgainInADay() throws Exception {
    AtomicBoolean fails = new AtomicBoolean(true);
    InstantSource failing =
        () -> {
          if (fails.get()) {
            throw new IllegalStateException("no time");
          }
          return clock.instant();
        };
    new ExpiryWarning(failing.withZone(ZoneOffset.UTC), timer)
        .watch(certificate(clock.instant().plus(DAY.multipliedBy(10))));
    fails.set(false);
    log.clear();
    timer.advance(DAY);
    assertEquals(List.of("9"), warned());
  }

  @Test
  void replacedCertificateStartsAnew() throws Exception {
    var unused = watch(Duration.ofDays(10));
    assertEquals(1, warned().size());
    Instant expiresAt = watch(Duration.ofDays(45));
    assertEquals(List.of(), warned());
    assertEquals(
        List.of("30 at 30", "14 at 14", "7 at 7", "1 at 1", "expired at 0"),
        passTo(expiresAt, Duration.ofHours(1), DAY));
  }

  @Test
  void signingKeyHasNone() throws Exception {
    var unused = watch(Duration.ofDays(31));
    warning.watch(VirtualClient.signingKey());
    timer.advance(Duration.ofDays(60));
    assertEquals(List.of(), warned());
    assertEquals(Long.MAX_VALUE, timer.nanosToNext(), "and it is not looked after");
  }

  @Test
  void textNamesTheAppTheDateAndTheRemedy() throws Exception {
    Instant expiresAt = watch(Duration.ofDays(8));
    String text = log.text();
    assertTrue(text.contains(Apple.BUNDLE + " expires in 8 days, at " + expiresAt), text);
    assertTrue(text.contains("replaceCredentials"), text);
    log.clear();
    timer.advance(Duration.ofDays(8));
    text = log.text();
    assertTrue(text.contains(Apple.BUNDLE + " expired at " + expiresAt), text);
    assertFalse(text.contains("expires in 0"), text);
  }
}
