-- SPDX-License-Identifier: Apache-2.0
-- For PostgreSQL, and for H2 with MODE=PostgreSQL.

-- Of the service, which adds a call before it puts it on the topic, and changes its state when somebody answers, declines or gives up. Workers
-- read no other columns than these: the table of the example call-service has them.
CREATE TABLE IF NOT EXISTS calls (
  id UUID PRIMARY KEY,
  state VARCHAR(20) NOT NULL
);

-- Of the workers: who pushes, and what became of it. Delete a call's rows when it has been over for longer than the topic keeps it.
CREATE TABLE IF NOT EXISTS pushes (
  call_id UUID NOT NULL,
  token VARCHAR(200) NOT NULL,
  job UUID NOT NULL,
  generation INT NOT NULL,
  ended VARCHAR(10),
  PRIMARY KEY (call_id, token)
);
