@integration @topology.default
Feature: The registry is lost, and found again

  @GATE-015 @SVC-013 @P1 @requires.kill @requires.restart
  Scenario: Without a registry routing goes on by what was known; with it, everything converges
    Given clients keep asking model-shared
    When the registry is killed
    Then the orchestrator goes on without the registry
    When a worker worker-late of model-late starts on hive-1
    And the clients go on asking for a while
    And clients send 20 chats for model-a
    Then hive-1 reports worker-late as alive within the restart time
    When the registry is started again
    Then worker-late can be routed to within the convergence time
    When the clients have asked enough
    Then every request was answered
    And every request was served by exactly one worker of its model

  @SVC-016 @P1 @requires.kill @requires.restart
  Scenario: A registry that was killed knows everybody at once when it is back, and nobody expires
    Given clients keep asking model-shared
    When the registry is killed
    And the registry is started again
    Then the registry lists exactly the declared workers at once
    When the clients have asked enough
    Then nobody has lost a lease since
    And every request was answered

  @SVC-016 @P1 @requires.kill @requires.restart
  Scenario: A registry without its data hears of everybody within a heartbeat, and no client notices
    Given clients keep asking model-shared
    When the registry is killed
    And the registry's database is lost
    And the registry is started again
    And the clients go on asking for a while
    And the clients have asked enough
    Then every service has registered again within the heartbeat time
    And the registry lists exactly the declared workers
    And every request was answered

  @SVC-016 @P1 @requires.kill @requires.restart
  Scenario: A damaged database is moved aside, and nothing of it is served
    Given a service worker-ghost is registered
    When the registry is killed
    And a zeroed database is injected into registry
    And the registry is started again
    Then the registry names the file to which it moved its damaged database, and the file is there
    And the registry does not know worker-ghost
    And every service has registered again within the heartbeat time
    And the registry lists exactly the declared workers

  @SVC-013 @P1 @topology.attached @requires.pause
  Scenario: When everybody falls silent at once they are suspect, and serve on as long as nobody better is there
    When hive-1 is paused
    Then worker-1 is unconfirmed in the registry within the lease expiry time
    When clients send 10 chats for model-a
    Then every request was answered, 10 in total
    When hive-1 is resumed
    Then worker-1 is online in the registry within the heartbeat time
