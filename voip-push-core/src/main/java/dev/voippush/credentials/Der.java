// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.ASN1TaggedObject;

/**
 * Tells apart the binary files that Apple, Keychain and openssl write, all of which start with the
 * same byte.
 */
enum Der {
  PKCS12("a PKCS#12 file"),
  CERTIFICATE("a certificate"),
  PKCS8_KEY("a private key"),
  PKCS1_KEY("a private key"),
  SEC1_KEY("a private key"),
  ENCRYPTED_KEY("a private key"),
  SIGNING_REQUEST("a certificate signing request"),
  CMS("a PKCS#7 file"),
  OTHER("something else");

  private static final int SEQUENCE = 0x30;

  private final String words;

  Der(String words) {
    this.words = words;
  }

  String words() {
    return words;
  }

  static boolean startsLike(byte[] bytes) {
    return bytes[0] == SEQUENCE;
  }

  /**
   * Returns the first element of the bytes, without what may follow it.
   *
   * @throws CredentialsException if the element says that it is longer than what is there
   */
  static byte[] first(byte[] bytes, String file) throws CredentialsException {
    int header = 2;
    long length = bytes.length > 1 ? bytes[1] & 0xff : 0xff;
    if (length == 0x80) {
      return openEnded(bytes, file);
    }
    if (length > 0x80) {
      int octets = (int) length & 0x7f;
      header += octets;
      if (octets > 4 && bytes.length > 1) {
        throw Problem.DAMAGED.in(file, "its length is over 4 GiB");
      }
      length = 0;
      for (int i = 2; i < header; i++) {
        if (i >= bytes.length) {
          throw Problem.TRUNCATED.in(file, "it ends in its first bytes");
        }
        length = length << 8 | (bytes[i] & 0xff);
      }
    }
    if (header + length > bytes.length) {
      throw Problem.TRUNCATED.in(
          file,
          (header + length) + " bytes long by its header, but only " + bytes.length + " are there");
    }
    return Arrays.copyOf(bytes, (int) (header + length));
  }

  /** Where an element of indefinite length ends, only a parser finds. */
  private static byte[] openEnded(byte[] bytes, String file) throws CredentialsException {
    ByteArrayInputStream in = new ByteArrayInputStream(bytes);
    try {
      new ASN1InputStream(in).readObject();
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw Problem.DAMAGED.because(e, file, "no valid ASN.1 structure");
    }
    return Arrays.copyOf(bytes, bytes.length - in.available());
  }

  /**
   * Parses one complete element, to its depths: Bouncy Castle would put that off and fail later,
   * elsewhere.
   */
  static ASN1Sequence sequence(byte[] bytes, String file) throws CredentialsException {
    try {
      ASN1Sequence sequence = ASN1Sequence.getInstance(ASN1Primitive.fromByteArray(bytes));
      visit(sequence);
      return sequence;
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw Problem.DAMAGED.because(e, file, "no valid ASN.1 structure");
    }
  }

  /** Throws an unchecked exception if the element is broken anywhere in it. */
  static void visit(ASN1Encodable element) {
    if (element instanceof ASN1Sequence sequence) {
      sequence.forEach(Der::visit);
    } else if (element instanceof ASN1Set set) {
      set.forEach(Der::visit);
    } else if (element instanceof ASN1TaggedObject tagged) {
      visit(tagged.getBaseObject());
    }
  }

  static Der of(ASN1Sequence sequence) {
    int size = sequence.size();
    if (size < 2) {
      return OTHER;
    }
    ASN1Encodable first = sequence.getObjectAt(0);
    ASN1Encodable second = sequence.getObjectAt(1);
    if (first instanceof ASN1ObjectIdentifier id) {
      return id.getId().startsWith("1.2.840.113549.1.7.") ? CMS : OTHER;
    }
    if (first instanceof ASN1Integer version) {
      if (second instanceof ASN1Integer) {
        return PKCS1_KEY;
      }
      if (second instanceof ASN1OctetString) {
        return SEC1_KEY;
      }
      if (version.hasValue(3)) {
        return PKCS12;
      }
      return size >= 3 && sequence.getObjectAt(2) instanceof ASN1OctetString ? PKCS8_KEY : OTHER;
    }
    if (first instanceof ASN1Sequence body) {
      if (size == 2 && second instanceof ASN1OctetString) {
        return ENCRYPTED_KEY;
      }
      if (size == 3 && body.size() >= 6) {
        return CERTIFICATE;
      }
      return size == 3 && body.size() >= 3 ? SIGNING_REQUEST : OTHER;
    }
    return OTHER;
  }
}
