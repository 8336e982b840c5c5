@integration @topology.default
Feature: The cluster serves through outages of the registry

  @GATE-015 @SVC-013 @P1 @requires.kill @requires.restart
  Scenario: The gateway routes by its last known view without a registry and converges afterwards
    Given steady load of 3 clients on model-shared
    And a worker worker-gone of model-gone serves on hive-1
    When the registry is killed
    And the gateway is ready without the registry
    And a worker worker-late of model-late starts on hive-1
    And hive-1 removes worker-gone
    And the load continues for a while
    And clients send 20 chats for model-a
    And hive-1 reports worker-late as alive within the restart time
    And the registry is started again
    And worker-late is routable within the convergence time
    And the load ends
    Then worker-gone is unknown to the registry within the settling time
    And every request was answered
    And every request was served by exactly one worker of its model

  @SVC-016 @P1 @requires.kill @requires.restart @requires.exec
  Scenario: A killed registry lists all workers at once after its restart, and no lease expires
    Given steady load of 3 clients on model-shared
    And a service worker-ghost is registered
    And worker-ghost is offline in the registry within the lease expiry time
    And the registry has stored exactly what it lists within the settling time
    When the registry is killed
    And the registry is started again
    And the registry lists exactly the declared workers
    And the load ends
    Then no lease has expired since the restart of the registry
    And every request was answered

  @SVC-016 @P1 @requires.kill @requires.restart
  Scenario: All services register again within a heartbeat after the registry lost its data
    Given steady load of 3 clients on model-shared
    When the registry is killed
    And the registry is started again without its database
    And the load continues for a while
    And the load ends
    Then every service registers again within the heartbeat time
    And the registry lists exactly the declared workers within the settling time
    And every request was answered

  @SVC-016 @P1 @requires.kill @requires.restart
  Scenario: The registry moves a damaged database aside and serves no entry of it
    Given a service worker-ghost is registered
    When the registry is killed
    And a zeroed database is injected into registry
    And the registry is started again
    Then the registry moves aside its damaged database
    And worker-ghost is unknown to the registry
    And every service registers again within the heartbeat time
    And the registry lists exactly the declared workers within the settling time

  @SVC-013 @P1 @topology.attached @requires.pause
  Scenario: The registry marks workers as unconfirmed when most lose contact at once, and the gateway still uses them
    When hive-1 is paused
    And worker-1 is unconfirmed in the registry within the lease expiry time
    And clients send 10 chats for model-a
    And hive-1 is resumed
    Then worker-1 is online in the registry within the heartbeat time
    And every request was answered, 10 in total
