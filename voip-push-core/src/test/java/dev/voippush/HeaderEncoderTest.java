// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import okio.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What another implementation of HPACK, Netty's, reads from our blocks. */
class HeaderEncoderTest {
  private static final String TOKEN = "0123456789abcdef".repeat(4);
  private static final UUID FIRST = new UUID(1, 1);
  private static final UUID SECOND = new UUID(2, 2);

  private final HeaderEncoder encoder = new HeaderEncoder("api.push.apple.com", "com.example.app");
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder();
  private int streamId = 1;

  private Buffer encode(PushRequest request) {
    Buffer block = new Buffer();
    encoder.write(block, request);
    return block;
  }

  private List<String> decode(Buffer block) throws Http2Exception {
    List<String> headers = new ArrayList<>();
    decoder
        .decodeHeaders(streamId, Unpooled.wrappedBuffer(block.readByteArray()))
        .forEach(header -> headers.add(header.getKey() + ": " + header.getValue()));
    streamId += 2;
    return headers;
  }

  private static PushRequest request(String token, UUID id, long expiration, String jwt) {
    return new PushRequest(PushType.VOIP, token, id, expiration, null, jwt, new byte[0]);
  }

  private static List<String> expected(String token, UUID id, long expiration) {
    return List.of(
        ":method: POST",
        ":scheme: https",
        ":authority: api.push.apple.com",
        ":path: /3/device/" + token,
        "apns-topic: com.example.app.voip",
        "apns-push-type: voip",
        "apns-priority: 10",
        "content-type: application/json",
        "user-agent: voip-push",
        "apns-expiration: " + expiration,
        "apns-id: " + id);
  }

  private void assertReads(PushRequest request) throws Http2Exception {
    List<String> expected =
        new ArrayList<>(expected(request.token(), request.apnsId(), request.expiration()));
    if (request.bearerToken() != null) {
      expected.add("authorization: bearer " + request.bearerToken());
    }
    assertEquals(expected, decode(encode(request)));
  }

  @Test
  void everyBlockHoldsAllHeaders() throws Exception {
    assertReads(request(TOKEN, FIRST, 1_800_000_000, null));
    assertReads(request("ab".repeat(32), SECOND, 1_800_000_001, null));
    assertReads(request(TOKEN, FIRST, 0, null));
    UUID allDigits = UUID.fromString("f81d4fae-7dec-91d0-a765-30a2c96e8bf4");
    assertReads(request(TOKEN, allDigits, 0, null));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 58, 117, 118, 119, 126, 245, 248, 1000, 3000})
  void lengthsOfAnyNumberOfBytesAreRead(int digits) throws Exception {
    assertReads(request("a".repeat(digits), FIRST, 1, "j".repeat(digits)));
    assertReads(request("b".repeat(digits), FIRST, 1, "k".repeat(digits)));
  }

  private static PushRequest alert(UUID id, String callId) {
    return new PushRequest(PushType.ALERT, TOKEN, id, 0, callId, null, new byte[0]);
  }

  private static List<String> expectedOfAlert(UUID id, String callId) {
    List<String> expected = new ArrayList<>(expected(TOKEN, id, 0));
    expected.set(
        expected.indexOf("apns-topic: com.example.app.voip"), "apns-topic: com.example.app");
    expected.set(expected.indexOf("apns-push-type: voip"), "apns-push-type: alert");
    expected.add("apns-collapse-id: " + callId);
    return expected;
  }

  @Test
  void alertsAndVoipPushesShareAConnection() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertReads(request(TOKEN, FIRST, 1, null));
      assertEquals(expectedOfAlert(SECOND, "a-call"), decode(encode(alert(SECOND, "a-call"))));
    }
  }

  @Test
  void alertsComeFirst() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertEquals(expectedOfAlert(FIRST, "a-call"), decode(encode(alert(FIRST, "a-call"))));
      assertEquals(expectedOfAlert(FIRST, "another"), decode(encode(alert(FIRST, "another"))));
      assertReads(request(TOKEN, SECOND, 2, null));
    }
  }

  @Test
  void repeatedHeadersOfAlertsCostAByteEachIfTheyCameFirst() {
    encode(alert(FIRST, "a-call"));
    int variable = "/3/device/".length() + TOKEN.length() + 36 + 1;
    int collapseId = "apns-collapse-id".length() + "a-call".length() + 3;
    long second = encode(alert(SECOND, "a-call")).size();
    assertTrue(second <= variable + collapseId + 8 + 4 * 3, second + " bytes");
  }

  @Test
  void repeatedHeadersCostAByteEach() {
    Buffer first = encode(request(TOKEN, FIRST, 1_800_000_000, null));
    Buffer second = encode(request(TOKEN, SECOND, 1_800_000_000, null));
    int variable = "/3/device/".length() + TOKEN.length() + 36 + 10;
    assertTrue(first.size() > variable + 100, first.size() + " bytes");
    assertTrue(second.size() <= variable + 8 + 4 * 3, second.size() + " bytes");
  }

  @Test
  void bearerTokenIsLeftOutOfTheTable() throws Exception {
    String jwt = "eyJhbGciOiJFUzI1NiJ9.".repeat(10);
    PushRequest request = request(TOKEN, FIRST, 1, jwt);
    assertReads(request);
    long second = encode(request).size();
    assertEquals(second, encode(request).size());
    assertTrue(second > jwt.length(), "sent in full each time");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 400, 600, 4095})
  void smallerTableOfTheServerIsKeptTo(int size) throws Exception {
    assertReads(request(TOKEN, FIRST, 1, null));
    decoder.configuration().maxHeaderTableSize(size); // demands an update in the next block
    encoder.tableSize(size);
    assertReads(request(TOKEN, SECOND, 2, null));
    assertReads(request(TOKEN, FIRST, 3, null));
    decoder.configuration().maxHeaderTableSize(4096);
    encoder.tableSize(4096);
    assertReads(request(TOKEN, SECOND, 4, null));
    assertReads(request(TOKEN, FIRST, 5, null));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 400, 4095})
  void alertsKeepToASmallerTableToo(int size) throws Exception {
    assertReads(request(TOKEN, FIRST, 1, null));
    decoder.configuration().maxHeaderTableSize(size);
    encoder.tableSize(size);
    for (int i = 0; i < 2; i++) {
      assertEquals(expectedOfAlert(FIRST, "a-call"), decode(encode(alert(FIRST, "a-call"))));
      assertReads(request(TOKEN, SECOND, 2, null));
    }
  }

  @Test
  void smallerAndThenLargerTableBetweenTwoRequests() throws Exception {
    assertReads(request(TOKEN, FIRST, 1, null));
    decoder.configuration().maxHeaderTableSize(0);
    encoder.tableSize(0);
    decoder.configuration().maxHeaderTableSize(4096);
    encoder.tableSize(4096);
    Buffer block = encode(request(TOKEN, SECOND, 2, null));
    assertEquals(0x20, block.getByte(0), "the smallest size comes first: RFC 7541, section 4.2");
    assertEquals(expected(TOKEN, SECOND, 2), decode(block));
    assertReads(request(TOKEN, FIRST, 3, null));
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 65_536, -1})
  void largerTableIsNotUsed(int size) throws Exception {
    long before = encode(request(TOKEN, FIRST, 1, null)).size();
    HeaderEncoder other = new HeaderEncoder("api.push.apple.com", "com.example.app");
    other.tableSize(size);
    Buffer block = new Buffer();
    other.write(block, request(TOKEN, FIRST, 1, null));
    assertEquals(before, block.size());
  }

  @Test
  void tableThatJustHoldsTheRepeatedHeadersIsUsed() {
    // 32 bytes for each of the eight entries besides what they say, RFC 7541 section 4.1
    int needed =
        (":authority" + "api.push.apple.com" + "apns-topic" + "com.example.app.voip").length()
            + ("apns-push-type" + "voip" + "apns-priority" + "10").length()
            + ("content-type" + "application/json" + "user-agent" + "voip-push").length()
            + ("apns-expiration" + "4294967295" + "apns-id" + FIRST).length()
            + 8 * 32;
    assertTrue(sizeOfSecondBlock(needed) < 150);
    assertTrue(sizeOfSecondBlock(needed - 1) > 250);
  }

  private static long sizeOfSecondBlock(int tableSize) {
    HeaderEncoder encoder = new HeaderEncoder("api.push.apple.com", "com.example.app");
    encoder.tableSize(tableSize);
    Buffer block = new Buffer();
    encoder.write(block, request(TOKEN, FIRST, 4_294_967_295L, null));
    block.clear();
    encoder.write(block, request(TOKEN, SECOND, 4_294_967_295L, null));
    return block.size();
  }
}
