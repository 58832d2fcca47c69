// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** How far a connection on its way has come, which tells what its failure means. Thread-safe. */
final class DialProgress {
  /** What is being waited for. */
  enum Step {
    /** Nothing: there is a connection, or nobody has begun to make one. */
    NONE,
    LOOKUP,
    TCP,
    /** To be connected to the proxy, and by it to the server. */
    PROXY,
    TLS,
    /** The server's first HTTP/2 frame. */
    SETTINGS
  }

  private final String server;
  private volatile Step step = Step.NONE;
  private volatile String proxy = "";

  /**
   * @param server {@code host:port}
   */
  DialProgress(String server) {
    this.server = server;
  }

  void at(Step next) {
    step = next;
  }

  /**
   * @param name of the proxy, or its address
   */
  void atProxy(String name) {
    proxy = name;
    step = Step.PROXY;
  }

  Step step() {
    return step;
  }

  String server() {
    return server;
  }

  String proxy() {
    return proxy;
  }
}
