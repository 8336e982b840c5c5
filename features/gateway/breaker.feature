@integration @topology.short_timeouts
Feature: A worker that keeps failing is spared, and gets its chance to come back

  @CLU-035 @GATE-005 @P1
  Scenario: After repeated failures nobody is sent there, and one probe at a time finds out whether it is well again
    When 25 chats for model-c meet an internal error
    Then each of them was refused with status 500 and code simulated_fault, by its worker
    And the circuit of worker-3 is open within the settling time
    When 3 chats at once for model-c meet nothing out of the ordinary
    Then each of them was refused with status 503 and code no_available_workers, with no request to any worker
    When the circuit of worker-3 lets a probe through within the half open time
    And 3 chats at once for model-c meet work of 0.1 seconds
    Then 1 of them was answered, the others were refused with status 503 and code no_available_workers
    When 1 chats for model-c meet nothing out of the ordinary
    Then the circuit of worker-3 is closed within the settling time
    When 3 chats at once for model-c meet nothing out of the ordinary
    Then each of them was answered

  @CLU-035 @P1
  Scenario: A probe that fails opens the circuit again
    When 25 chats for model-c meet an internal error
    And the circuit of worker-3 lets a probe through within the half open time
    And 1 chats for model-c meet an internal error
    Then each of them was refused with status 500 and code simulated_fault, by its worker
    And the circuit of worker-3 is open within the settling time
    When the circuit of worker-3 lets a probe through within the half open time
    And 2 chats for model-c meet nothing out of the ordinary
    Then each of them was answered
    And the circuit of worker-3 is closed within the settling time

  @CLU-035 @GATE-005 @P1
  Scenario Outline: What is no fault of the worker opens nothing
    When <count> chats for model-c meet <mishap>
    Then each of them was refused with status <status> and code simulated_fault, by its worker
    And the circuit of worker-3 is closed within the settling time
    When 1 chats for model-c meet nothing out of the ordinary
    Then each of them was answered

    Examples:
      | count | mishap                        | status |
      | 40    | a complaint about the request | 400    |
      | 40    | a full worker                 | 429    |
      | 40    | an overloaded worker          | 503    |

  @GATE-005 @P1 @chaos @topology.network_faults @requires.packets
  Scenario Outline: What is no fault of the worker opens nothing while the way to it is slow either
    Given steady load of 20 requests per second on model-shared
    When 500 ms latency to the orchestrator is injected into hive-1
    And 8 chats for model-a meet <mishap>
    Then each of them was refused with status <status> and code simulated_fault, by its worker
    And the circuit of worker-a is closed within the settling time
    When 500 ms latency to the orchestrator is removed from hive-1
    And the load has gone on until it is back to normal
    And the load ends
    Then all of the load was answered
    And the load on model-shared was back to normal within the recovery time of the healing

    Examples:
      | mishap                        | status |
      | a complaint about the request | 400    |
      | a full worker                 | 429    |
