@integration @topology.default
Feature: A hive and its workers

  @SVC-009 @P1
  Scenario: A hive offers the models of its workers, and none until the first of them answers
    Given a hive hive-9 without workers joins the stack
    Then hive-9 offers no models yet
    When a worker worker-slow of model-slow starts on hive-9, taking 1.0 seconds to load
    Then hive-9 offers no models yet
    And hive-9 offers exactly model-slow within the restart time

  @SVC-010 @P1
  Scenario: A hive tells who it is and what it runs
    Then hive-2 tells its name, address, uptime and restart count
    And hive-2 tells of each of its workers the process, the state and the models

  @SVC-012 @P0
  Scenario: A worker gets no work before its models answer
    When a worker worker-slow of model-slow starts on hive-1, taking 1.5 seconds to load
    And a client sends chats for model-slow until one is answered
    Then worker-slow was not registered before its models answered
    And every client was refused until worker-slow was ready
    And worker-slow received nothing before it was ready

  @SVC-017 @P1
  Scenario: A hive runs as its file says, with single settings laid over
    When a hive hive-9 is configured by file with heartbeat_interval_seconds 0.7 and started with drain_seconds 3.0 on top
    Then hive-9 runs with heartbeat_interval_seconds 0.7 and drain_seconds 3.0

  @SVC-017 @P1
  Scenario Outline: A bad hive file is refused with the key, the value and the accepted form
    When a hive is configured with <key> set to <value>
    Then it refuses to start, naming <key>, <value> and <accepted>

    Examples:
      | key                        | value        | accepted        |
      | port                       | 99999        | 1 to 65535      |
      | registry_url               | somewhere    | http            |
      | heartbeat_interval_seconds | -1           | more than 0     |
      | restart.policy             | sometimes    | on-failure      |
      | restart.max_restarts       | many         | a whole number  |
      | backend.comand             | vllm         | command         |
      | heartbeat_seconds          | 1            | heartbeat_interval_seconds |
