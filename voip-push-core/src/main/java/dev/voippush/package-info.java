// SPDX-License-Identifier: Apache-2.0
/** The client. */
@org.jspecify.annotations.NullMarked
package dev.voippush;
