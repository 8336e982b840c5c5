@integration @topology.default
Feature: A hive reports its models, its workers and its settings

  @SVC-009 @P1
  Scenario: A hive offers the models of its workers once the first worker answers
    Given a hive hive-9 joins the stack without workers
    And hive-9 offers no models
    When a worker worker-slow of model-slow starts on hive-9 and loads for 1.0 seconds
    Then hive-9 offers no models
    And hive-9 offers model-slow within the restart time

  @SVC-009 @P1
  Scenario: A hive offers each model of its workers once, and no longer that of a worker that left
    Given a worker worker-x of model-x and model-y serves on hive-1
    And a worker worker-y of model-y and model-z serves on hive-1
    And hive-1 offers model-a, model-shared, model-x, model-y and model-z
    When hive-1 removes worker-x
    Then hive-1 offers model-a, model-shared, model-y and model-z

  @SVC-010 @P1 @requires.kill
  Scenario: A hive reports its address, its uptime and its workers
    When worker-b is killed
    And hive-2 restarted worker-b at least once within the restart time
    And hive-2 reports worker-b as alive within the restart time
    Then hive-2 reports its name, address, uptime and restart count
    And hive-2 reports each of its workers with process, state and models

  @SVC-012 @P0
  Scenario: A worker receives no request before its models answer
    When a worker worker-slow of model-slow starts on hive-1 and loads for 1.5 seconds
    Then a chat for model-slow is answered within the restart time
    And before worker-slow was ready, the registry did not list it
    And before worker-slow was ready, every client was refused
    And before worker-slow was ready, it received no request

  @SVC-017 @P1
  Scenario: A hive reads its settings from a file, and the command line overrides single ones
    When a hive hive-9 joins the stack with heartbeat_interval_seconds 0.7 from its file and drain_seconds 3.0 from an override
    Then hive-9 runs with heartbeat_interval_seconds 0.7 and drain_seconds 3.0

  @SVC-017 @P1
  Scenario Outline: A hive refuses a bad setting and names the key, the value and the accepted form
    When a hive is configured with <key> set to <value>
    Then it refuses to start and names <key>, <value> and <accepted>

    Examples:
      | key                        | value        | accepted        |
      | port                       | 65536        | 1 to 65535      |
      | registry_url               | somewhere    | http            |
      | heartbeat_interval_seconds | 0            | more than 0     |
      | restart.policy             | sometimes    | on-failure      |
      | restart.max_restarts       | many         | a whole number  |
      | backend.comand             | vllm         | command         |
      | heartbeat_seconds          | 1            | heartbeat_interval_seconds |
