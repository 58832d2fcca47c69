// SPDX-License-Identifier: Apache-2.0
module consumer {
  requires dev.voippush;
  requires dev.voippush.simulator;
}
