@integration @topology.default
Feature: Workers in the registry

  @CLU-001 @P0
  Scenario: A worker registers at start, online and with its models
    When a worker worker-new of model-new starts on hive-1
    Then the registry lists worker-new within the registration time
    And the registry shows worker-new online with model-new and an epoch of its own

  @CLU-002 @P0
  Scenario: Heartbeats move the time of the last sign of life
    Then 3 heartbeats of worker-a move its time, each within the heartbeat time

  @CLU-003 @P0
  Scenario: Metrics arrive with heartbeats
    Given a client is streaming from model-a
    Then the registry shows 1 request running at worker-a within the heartbeat time
    When the client's response is complete
    Then the registry shows 0 requests running at worker-a within the heartbeat time

  @CLU-004 @P0 @requires.kill @requires.restart
  Scenario: A worker that falls silent is offline within its lease
    When hive-1 and its workers are killed
    Then worker-a is offline in the registry within the lease expiry time
    And worker-a is offline in the status API within the lease expiry time
    And the gateway no longer offers model-a within the convergence time

  @CLU-005 @P1 @requires.kill
  Scenario: A restarted worker has a new epoch, and the old one has no say any more
    Given the epoch of worker-a is noted
    When worker-a is killed
    Then worker-a is registered with a newer epoch within the restart time
    And a heartbeat with the old epoch of worker-a is refused
    And a deregistration with the old epoch of worker-a is refused
    And the registry shows worker-a online with model-a and an epoch of its own

  @CLU-006 @P1
  Scenario: A worker without models is listed, and gets no work
    Given a worker worker-idle without models serves on hive-1
    Then the cluster status counts 6 workers as online within the convergence time
    And the registry shows worker-idle online without models
    When clients send 12 chats for model-shared
    Then every request was answered, 12 in total
    And every request was served by exactly one worker of its model

  @CLU-007 @P1 @requires.kill @requires.restart
  Scenario: A registration that fails is tried again, each time after a longer wait, until it succeeds
    When the registry is killed
    And a worker worker-new of model-new starts on hive-1
    Then hive-1 reports worker-new as alive within the restart time
    And hive-1 tries to register worker-new again and again, each time after a longer wait
    When the registry is started again
    Then the registry lists worker-new within the registration time
    And the gateway offers model-new within the convergence time

  @INT-010 @CLU-008 @P1
  Scenario Outline: Services that register at the same moment all get in
    When <count> services register at the same moment
    Then every registration is accepted as new
    And the registry lists every one of them as it was said
    And the orchestrator knows every one of them within the convergence time

    Examples:
      | count |
      | 10    |
      | 100   |

  @INT-010 @P1
  Scenario: To register again is harmless, a newer epoch replaces, another address is refused
    Given a service worker-ghost is registered
    When worker-ghost registers again in the same words
    Then the registration is accepted as known
    And the registration of worker-ghost is as it was
    When worker-ghost registers with a newer epoch from another address
    Then the registration is refused as a conflict
    And the registration of worker-ghost is as it was
    When worker-ghost registers again with a newer epoch
    Then the registration is accepted as known
    And worker-ghost is registered with the newer epoch
