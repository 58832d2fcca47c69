// SPDX-License-Identifier: Apache-2.0
/** What proves the finished jar over time: the soak, and the report on all that was proved. */
@NullMarked
package dev.voippush.proof;

import org.jspecify.annotations.NullMarked;
