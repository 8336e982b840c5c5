@integration @topology.single_slot
Feature: The cluster distributes requests while workers join, leave and fail

  @CLU-019 @P1
  Scenario: The cluster registers and uses three workers that start at the same time
    When a worker worker-x of model-new starts on hive-1
    And a worker worker-y of model-new starts on hive-1
    And a worker worker-z of model-new starts on hive-1
    And worker-x is routable within the registration time
    And worker-y is routable within the registration time
    And worker-z is routable within the registration time
    And clients send 60 chats for model-new
    Then the registry shows worker-x online with model-new and its own epoch
    And the registry shows worker-y online with model-new and its own epoch
    And the registry shows worker-z online with model-new and its own epoch
    And every request was answered, 60 in total
    And each worker of model-new served at least 12 of the requests

  @CLU-020 @P1
  Scenario: The gateway distributes requests over all workers of a model
    When clients send 60 chats for model-shared
    Then every request was answered, 60 in total
    And each worker of model-shared served at least 25 percent of the requests

  @CLU-021 @P1
  Scenario: A new worker receives its share of requests
    Given a worker worker-4 of model-shared serves on hive-1
    And worker-4 is routable within the convergence time
    When clients send 30 sequential chats for model-shared
    And clients send 70 chats for model-shared
    Then every request was answered, 100 in total
    And each worker of model-shared served at least 20 percent of the requests

  @CLU-022 @P1
  Scenario: A removed worker finishes its requests, and no request fails
    Given a worker worker-x of model-new serves on hive-1
    And steady load of 3 clients on model-shared
    And the gateway offers model-new within the convergence time
    And a client is streaming from model-new
    And a client waits for the first token of model-new
    When hive-1 removes worker-x
    And the load continues for a while
    And the load ends
    Then every request was answered
    And every stream is whole
    And the registry no longer lists worker-x within the convergence time
    And the gateway no longer offers model-new within the convergence time

  @CLU-023 @P1 @requires.kill
  Scenario: The other workers answer while a killed worker restarts
    Given steady load of 3 clients on model-shared
    And a client waits for the first token of model-shared
    When the worker serving the request is killed
    And that worker is not routable within the worker detection time
    And the load continues for a while
    And the load ends
    Then every request was answered
    And the cluster status counts 3 workers as online within the restart time
    And no request is in flight within the slot release time

  @CLU-024 @P1 @requires.kill @requires.restart
  Scenario: The gateway refuses requests after the loss of all workers
    When hive-1 is killed with its workers
    And the gateway no longer offers model-shared within the convergence time
    And a client sends a chat for model-shared
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header

  @CLU-024 @P1 @requires.kill @requires.restart
  Scenario: The cluster recovers from the loss of all workers
    When hive-1 is killed with its workers
    And the gateway no longer offers model-shared within the convergence time
    And hive-1 is started again
    And the cluster status counts 3 workers as online within the restart time
    And clients send 6 chats for model-shared
    Then every chat sent after hive-1 was started again was answered
    And the registry lists exactly the declared workers within the settling time

  @CLU-025 @P1
  Scenario: The gateway queues a burst of 100 requests and answers all of them
    When clients send 100 concurrent chats for model-shared, simulating 0.02 seconds of work
    Then every request was answered, 100 in total
    And each worker of model-shared served at least 20 of the requests
    And no worker handled more than 1 request at once, while others waited
    And no request is in flight within the slot release time

  @CLU-027 @P1
  Scenario: The metrics of every tier match the declared services and the requests sent
    Given the number of requests for model-shared is noted
    When clients abort 3 streams of model-shared
    And clients send a batch of 12 concurrent chats for model-shared
    Then every request of the batch was answered
    And the metrics count exactly the declared services
    And the metrics count exactly 12 more requests of model-shared

  @CLU-028 @P1
  Scenario: The status API counts a worker that joins
    Given the cluster status counts 3 workers as online within the convergence time
    When a worker worker-4 of model-shared starts on hive-1
    And worker-4 is routable within the registration time
    Then the cluster status counts 4 workers as online within the convergence time
    And the gateway reports every declared worker with its models, hive, epoch and heartbeat

  @CLU-028 @P1
  Scenario: The status API no longer counts a worker that leaves
    Given a worker worker-4 of model-shared serves on hive-1
    And the cluster status counts 4 workers as online within the convergence time
    When hive-1 removes worker-4
    Then the cluster status counts 3 workers as online within the convergence time

  @SVC-013 @CLU-004 @P0
  Scenario: The registry expires a service after three missed heartbeats and removes it later
    Given a service worker-beating is registered
    And a service worker-silent is registered
    Then worker-silent is offline after 3 missed heartbeats within the lease expiry time, and worker-beating with heartbeats is not
    And worker-silent is removed within the removal time, and worker-beating with heartbeats is not
