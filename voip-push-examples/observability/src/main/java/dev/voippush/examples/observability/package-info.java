// SPDX-License-Identifier: Apache-2.0
/** Metrics and traces of voip-push, one class each, to copy into your own service. */
@org.jspecify.annotations.NullMarked
package dev.voippush.examples.observability;
