@integration @topology.default
Feature: Workers register, send heartbeats and expire

  @CLU-001 @P0
  Scenario: A worker registers at its start, with its models
    Given a worker worker-wide of model-wide and model-broad serves on hive-1
    When a worker worker-new of model-new starts on hive-1
    Then the registry shows worker-wide online with model-wide and model-broad and its own epoch
    And worker-new is online in the registry within the registration time
    And the registry shows worker-new online with model-new and its own epoch

  @CLU-002 @P0
  Scenario: Each heartbeat updates the time of the last heartbeat
    Then 3 heartbeats of worker-a arrive, each within the heartbeat time

  @CLU-003 @P0
  Scenario: A heartbeat updates the metrics of a worker
    Given a client is streaming from model-a
    And the registry shows 1 request running at worker-a within the heartbeat time
    When the client's response is complete
    Then the registry shows 0 requests running at worker-a within the heartbeat time

  @CLU-004 @CLU-028 @P0 @requires.kill @requires.restart
  Scenario: A worker without heartbeats is offline when its lease expires
    When hive-1 is killed with its workers
    Then worker-a is offline in the registry within the lease expiry time
    And worker-a is offline in the status API within the lease expiry time
    And the cluster status counts 3 workers as online within the convergence time
    And the gateway no longer offers model-a within the convergence time

  @CLU-005 @P1 @requires.kill
  Scenario: A restarted worker gets a new epoch, and the registry refuses the old one
    Given the epoch of worker-a is noted
    When worker-a is killed
    Then worker-a is registered with a newer epoch within the restart time
    And the registry refuses a heartbeat with the old epoch of worker-a
    And the registry refuses a registration with the old epoch of worker-a
    And the registry refuses a deregistration with the old epoch of worker-a
    And the registry shows worker-a online with model-a and its own epoch

  @CLU-006 @P1
  Scenario: The registry lists a worker without models, and the gateway sends it no request
    Given a worker worker-idle without models serves on hive-1
    When the cluster status counts 6 workers as online within the convergence time
    And clients send 12 chats for model-shared
    Then the registry shows worker-idle online with no models and its own epoch
    And every request was answered, 12 in total
    And every request was served by exactly one worker of its model

  @CLU-007 @P1 @requires.kill @requires.restart
  Scenario: A hive retries a failed registration with growing waits until it succeeds
    When the registry is killed
    And a worker worker-new of model-new starts on hive-1
    And hive-1 reports worker-new as alive within the restart time
    And hive-1 retried the registration of worker-new with growing waits
    And the registry is started again
    Then worker-new is online in the registry within the registration time
    And the gateway offers model-new within the convergence time

  @INT-010 @CLU-008 @P1
  Scenario Outline: The registry accepts services that register at the same moment
    When <count> services register at the same moment
    Then every registration is accepted as new
    And the registry lists every registered service
    And the status API lists every registered service within the convergence time

    Examples:
      | count |
      | 10    |
      | 100   |

  @INT-010 @P1
  Scenario: A repeated registration changes nothing
    Given a service worker-ghost is registered
    When worker-ghost registers again
    Then every registration is accepted as known
    And the registration of worker-ghost is unchanged

  @INT-010 @P1
  Scenario: The registry refuses a registration with another address
    Given a service worker-ghost is registered
    When worker-ghost registers again with a newer epoch and another address
    Then every registration is refused as a conflict
    And the registration of worker-ghost is unchanged

  @INT-010 @CLU-007 @P1
  Scenario: A hive that stops a worker with the id of another hive's worker leaves that one registered
    Given a worker worker-twin of model-twin serves on hive-1
    And the epoch of worker-twin is noted
    When a worker worker-twin of model-other starts on hive-2
    And hive-2 retried the registration of worker-twin with growing waits
    And hive-2 removes worker-twin
    Then 3 heartbeats of worker-twin arrive, each within the heartbeat time
    And the registry shows worker-twin online with model-twin and its own epoch

  @INT-010 @P1
  Scenario: A registration with a newer epoch updates the entry
    Given a service worker-ghost is registered
    When worker-ghost registers again with a newer epoch
    Then every registration is accepted as known
    And the registration of worker-ghost is updated
