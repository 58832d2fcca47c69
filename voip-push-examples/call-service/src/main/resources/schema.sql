-- SPDX-License-Identifier: Apache-2.0
-- For H2 and PostgreSQL.
CREATE TABLE IF NOT EXISTS registrations (
  user_id VARCHAR(100) NOT NULL,
  device VARCHAR(100) NOT NULL,
  token VARCHAR(200) NOT NULL UNIQUE,
  environment VARCHAR(10) NOT NULL,
  -- When the app last uploaded the token, be it new or not: a 410 of before does not count.
  registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (user_id, device)
);

CREATE TABLE IF NOT EXISTS calls (
  id UUID PRIMARY KEY,
  caller VARCHAR(100) NOT NULL,
  callee VARCHAR(100) NOT NULL,
  video BOOLEAN NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  state VARCHAR(20) NOT NULL,
  device VARCHAR(100)
);

CREATE INDEX IF NOT EXISTS calls_by_state ON calls (state, expires_at);
