// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.ApnsEnvironment;
import dev.voippush.DeviceToken;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/**
 * Where apps upload their VoIP tokens. A device has a name of the app's choice that stays when the
 * token changes; the token is in the body, since paths are in every access log.
 */
@RestController
@RequestMapping("/users/{user}/devices/{device}")
class DeviceController {
  private final Registrations registrations;
  private final ApnsEnvironment environment;

  DeviceController(Registrations registrations, VoipPushProperties properties) {
    this.registrations = registrations;
    environment = properties.environment();
  }

  /** What an app knows of its token; builds from Xcode have one of the sandbox. */
  record Upload(@Nullable String token, @Nullable ApnsEnvironment environment) {}

  /** Called whenever the app starts, and whenever PushKit gives it another token. */
  @PutMapping
  @ResponseStatus(HttpStatus.NO_CONTENT)
  void register(
      @PathVariable String user, @PathVariable String device, @RequestBody Upload upload) {
    if (upload.environment() != environment) {
      throw badRequest(
          "environment must be "
              + environment
              + ", which this service rings, but was "
              + upload.environment());
    }
    Names.require("user", user);
    Names.require("device", device);
    DeviceToken token = token(upload.token());
    try {
      registrations.register(user, device, token, environment, Instant.now());
    } catch (ConcurrencyFailureException | DuplicateKeyException e) {
      // Uploaded twice at the same moment: now that the other one is through, this is the last.
      registrations.register(user, device, token, environment, Instant.now());
    }
  }

  /** Called when the user logs out. */
  @DeleteMapping
  @ResponseStatus(HttpStatus.NO_CONTENT)
  void unregister(@PathVariable String user, @PathVariable String device) {
    registrations.unregister(user, device);
  }

  private static DeviceToken token(@Nullable String hex) {
    if (hex == null) {
      throw badRequest("token must be hexadecimal digits, but is missing");
    }
    try {
      return DeviceToken.of(hex);
    } catch (IllegalArgumentException e) {
      throw new ResponseStatusException(HttpStatus.BAD_REQUEST, e.getMessage(), e);
    }
  }

  private static ResponseStatusException badRequest(String why) {
    return new ResponseStatusException(HttpStatus.BAD_REQUEST, why);
  }
}
