@integration @topology.single_slot
Feature: A cluster from its first worker to its worst day

  @CLU-019 @P1
  Scenario: Three workers start at once, and each is registered, known and at work
    When a worker worker-x of model-new starts on hive-1
    And a worker worker-y of model-new starts on hive-1
    And a worker worker-z of model-new starts on hive-1
    Then worker-x can be routed to within the registration time
    And worker-y can be routed to within the registration time
    And worker-z can be routed to within the registration time
    When clients send 12 chats for model-new
    Then every request was answered, 12 in total
    And each worker of model-new served at least 2 of the requests

  @CLU-020 @P1
  Scenario: Work is shared out among all workers of a model
    When clients send 60 chats for model-shared
    Then every request was answered, 60 in total
    And each worker of model-shared served at least 25 percent of the requests

  @CLU-021 @P1
  Scenario: A worker that is added takes its share
    Given a worker worker-4 of model-shared serves on hive-1
    Then worker-4 can be routed to within the convergence time
    When clients send 40 chats for model-shared
    Then every request was answered, 40 in total
    And each worker of model-shared served at least 15 percent of the requests

  @CLU-022 @P1
  Scenario: A worker that is removed finishes what it has in hand, and nobody notices that it is gone
    Given a worker worker-x of model-new serves on hive-1
    And clients keep asking model-shared
    And the gateway offers model-new within the convergence time
    And a client is streaming from model-new
    When worker-x is removed from hive-1
    And the clients go on asking for a while
    And the clients have asked enough
    Then every request was answered
    And every stream is whole
    And the registry no longer lists worker-x within the convergence time
    And the gateway no longer offers model-new within the convergence time

  @CLU-023 @P1 @requires.kill
  Scenario: A worker fails, and the others answer for it until it is back
    Given clients keep asking model-shared
    And a client waits for the first token of model-shared
    When the worker serving the request is killed
    Then that worker is out of routing within the worker detection time
    When the clients go on asking for a while
    And the clients have asked enough
    Then every request was answered
    And the cluster status counts 3 workers as online within the restart time

  @CLU-024 @P1 @requires.kill @requires.restart
  Scenario: All workers are lost, and the cluster serves again as soon as they are back
    When hive-1 and its workers are killed
    Then the gateway no longer offers model-shared within the convergence time
    When a client sends a chat for model-shared
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    When hive-1 is started again
    Then the cluster status counts 3 workers as online within the restart time
    And the registry lists exactly the declared workers
    When clients send 6 chats for model-shared
    Then every chat sent after hive-1 was started again was answered

  @CLU-025 @P1
  Scenario: A burst of 100 clients is queued, shared out and answered in full
    When clients send 100 concurrent chats for model-shared, simulating 0.02 seconds of work
    Then every request was answered, 100 in total
    And each worker of model-shared served at least 20 of the requests
    And no work is left in hand within the slot release time

  @CLU-027 @P1
  Scenario: The metrics of every tier agree with what runs and with what clients sent
    Then the metrics of registry and hives count exactly the declared services
    Given the request counters of model-shared are noted
    When clients send 12 chats for model-shared
    Then every request was answered, 12 in total
    And the metrics of gateway and hives grew by exactly 12 requests of model-shared

  @CLU-028 @P1
  Scenario: The status API follows the cluster
    Then the cluster status counts 3 workers as online within the convergence time
    Given a worker worker-4 of model-shared serves on hive-1
    Then the cluster status counts 4 workers as online within the convergence time
    And the status API shows each declared worker with models, hive, epoch and heartbeat
    When worker-4 is removed from hive-1
    Then the cluster status counts 3 workers as online within the convergence time

  @SVC-013 @P1
  Scenario: Three missed heartbeats end a lease, a beating service keeps it, and who stays silent is forgotten
    Given a service worker-beating is registered
    And a service worker-silent is registered
    Then worker-silent is offline after 3 missed heartbeats, and worker-beating, which beats, is not
    And worker-silent is forgotten within the removal time, and worker-beating is not
