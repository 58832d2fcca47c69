// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

  private static Object nested(int levels, boolean lists) {
    Object value = "leaf";
    for (int i = 0; i < levels; i++) {
      value = lists ? List.of(value) : Map.of("m", value);
    }
    return value;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void thirtyTwoLevelsAreTheMost(boolean lists) {
    Object deepest = nested(32, lists);
    assertEquals(deepest, Json.copyOf(deepest, "x"));
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Json.copyOf(nested(33, lists), "extras.x"))
            .getMessage();
    assertEquals(
        "extras.x"
            + (lists ? "[0]" : ".m").repeat(33)
            + " must not be nested more than 32 levels deep",
        message);
  }

  @Test
  void numbersOfTheLanguageAreTaken() {
    List<Number> numbers =
        List.of(1, 2L, (short) 3, (byte) 4, 5.5, 6.5f, new BigDecimal("7.25"), BigInteger.TEN);
    assertEquals(numbers, Json.copyOf(numbers, "x"));
    assertEquals(
        "x must be a number of java.lang or java.math, but was java.util.concurrent.atomic"
            + ".AtomicInteger",
        refusal(new AtomicInteger(1)));
    assertEquals("x must be finite, but was NaN", refusal(Double.NaN));
    assertEquals("x must be finite, but was -Infinity", refusal(Float.NEGATIVE_INFINITY));
  }

  @Test
  void whatJsonCannotHoldIsNamed() {
    assertEquals(
        "x must be a String, Number, Boolean, List or Map, but was java.lang.Object",
        refusal(new Object()));
    assertEquals("x must be a String, Number, Boolean, List or Map, but was null", refusal(null));
    assertEquals(
        "x must have strings as keys, but was java.lang.Integer", refusal(Map.of(1, "one")));
  }

  private static String refusal(Object value) {
    return assertThrows(IllegalArgumentException.class, () -> Json.copyOf(value, "x")).getMessage();
  }

  @Test
  void copiesFollowNoLaterChange() {
    List<Object> list = new ArrayList<>(List.of("a"));
    Map<String, Object> map = new HashMap<>(Map.of("l", list));
    Map<?, ?> copy = (Map<?, ?>) Json.copyOf(map, "x");
    list.add("b");
    map.put("k", true);
    assertEquals(Map.of("l", List.of("a")), copy);
    assertThrows(UnsupportedOperationException.class, copy::clear);
    assertThrows(UnsupportedOperationException.class, () -> ((List<?>) copy.get("l")).clear());
  }

  @Test
  void oneObjectIsRead() throws Exception {
    assertEquals(Map.of("a", 1.0), Json.readObject("{\"a\":1} ".getBytes(UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "5",
        "null",
        "{",
        "{\"a\":1}{",
        "{\"a\":1}x",
        "{\"a\":1,\"a\":2}",
        "{a:1}"
      })
  void anythingElseIsNot(String json) {
    assertThrows(IOException.class, () -> Json.readObject(json.getBytes(UTF_8)));
  }

  @Test
  void sizeOfAMemberIsWhatItAdds() {
    assertEquals("\"n\":\"é\"".getBytes(UTF_8).length, Json.sizeOf("n", "é"));
  }
}
