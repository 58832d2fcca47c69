// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.web.socket.config.annotation.EnableWebSocket;

/** Starts the service; what it needs to know is in {@code application.yml}. */
@SpringBootApplication(proxyBeanMethods = false)
@ConfigurationPropertiesScan
@EnableScheduling
@EnableWebSocket
public class CallServiceApplication {
  public static void main(String[] args) {
    SpringApplication.run(CallServiceApplication.class, args);
  }
}
