// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * <b>Your authentication goes here</b>: this lets everybody in, which is why the service listens on
 * 127.0.0.1 only. REST, the WebSocket's handshake and, at the same port, Actuator pass through it.
 *
 * <p>Whoever registers a device, places, answers or ends a call, or connects, must be the user that
 * the request names, or otherwise anybody can ring your users and answer their calls.
 */
@Component
class AuthenticationFilter extends OncePerRequestFilter {
  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    chain.doFilter(request, response);
  }
}
