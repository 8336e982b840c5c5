@integration @topology.short_timeouts
Feature: The circuit breaker stops requests to a failing worker, and tests it again later

  @CLU-035 @GATE-005 @P1
  Scenario: The circuit opens after repeated failures and lets no request through
    When clients send 25 sequential chats for model-c, simulating a 500 response
    And clients send a batch of 3 concurrent chats for model-c
    Then every request was refused with status 500 and code simulated_fault
    And every request for a model with one worker took one attempt
    And every request of the batch was refused with status 503 and code no_available_workers, before any upstream request
    And the circuit of worker-3 is not closed within the settling time

  @CLU-035 @P1
  Scenario: Streams that break off open the circuit
    When clients send 25 sequential streams for model-c, simulating a connection reset in mid-stream
    And clients send a batch of 3 concurrent chats for model-c
    Then every stream broke off visibly with error event upstream_disconnected
    And every request of the batch was refused with status 503 and code no_available_workers, before any upstream request

  @CLU-035 @P1
  Scenario: A success between failures restarts their count
    When clients send 24 sequential chats for model-c, simulating a 500 response
    And clients send 1 sequential chat for model-c
    And clients send a batch of 24 sequential chats for model-c, simulating a 500 response
    Then every request of the batch was refused with status 500 and code simulated_fault, after one upstream request each
    And the circuit of worker-3 is closed within the settling time

  @CLU-035 @GATE-005 @P1
  Scenario: A disconnect, overload or a client error between failures does not restart their count
    When clients send 24 sequential chats for model-c, simulating a 500 response
    And a batch of 1 request for model-c is waiting for a response
    And the clients of the batch disconnect
    And no request is in flight within the slot release time
    And clients send 1 sequential chat for model-c, simulating a 429 response
    And clients send 1 sequential chat for model-c, simulating a 400 response
    And clients send 1 sequential chat for model-c, simulating a 500 response
    And clients send a batch of 3 concurrent chats for model-c
    Then every request of the batch was refused with status 503 and code no_available_workers, before any upstream request

  @CLU-035 @GATE-005 @P1
  Scenario: One probe at a time tests the worker of an open circuit
    When clients send 25 sequential chats for model-c, simulating a 500 response
    And the circuit of worker-3 is half_open within the half open time
    And clients send a batch of 3 concurrent chats for model-c, simulating 0.1 seconds of work
    Then the gateway answered 1 of the batch and refused the others with status 503 and code no_available_workers

  @CLU-035 @GATE-005 @P1
  Scenario: A probe that ends by a disconnect, overload or a client error leaves the circuit half open
    When clients send 25 sequential chats for model-c, simulating a 500 response
    And the circuit of worker-3 is half_open within the half open time
    And a batch of 1 request for model-c is waiting for a response
    And the clients of the batch disconnect
    And no request is in flight within the slot release time
    And clients send 1 sequential chat for model-c, simulating a 429 response
    And clients send 1 sequential chat for model-c, simulating a 400 response
    And clients send a batch of 3 concurrent chats for model-c, simulating 0.1 seconds of work
    Then the gateway answered 1 of the batch and refused the others with status 503 and code no_available_workers

  @CLU-035 @P1
  Scenario: The first token of a stream completes its probe
    When clients send 25 sequential chats for model-c, simulating a 500 response
    And the circuit of worker-3 is half_open within the half open time
    And a client is streaming from model-c
    And clients send a batch of 1 sequential chat for model-c
    Then every request of the batch was answered
    And the circuit of worker-3 is closed within the settling time

  @CLU-035 @P1
  Scenario: A probe that breaks off after its first token opens the circuit again
    When clients send 25 sequential chats for model-c, simulating a 500 response
    And the circuit of worker-3 is half_open within the half open time
    And clients send 1 sequential stream for model-c, simulating a connection reset in mid-stream
    And clients send a batch of 3 concurrent chats for model-c
    Then every request of the batch was refused with status 503 and code no_available_workers, before any upstream request

  @CLU-035 @GATE-005 @P1
  Scenario: Two successful probes close the circuit
    When clients send 25 sequential chats for model-c, simulating a 500 response
    And the circuit of worker-3 is half_open within the half open time
    And clients send 1 sequential chat for model-c
    And the circuit of worker-3 is half_open within the settling time
    And clients send 1 sequential chat for model-c
    And the circuit of worker-3 is closed within the settling time
    And clients send a batch of 3 concurrent chats for model-c
    Then every request of the batch was answered

  @CLU-035 @P1
  Scenario: A failed probe opens the circuit again
    When clients send a batch of 25 sequential chats for model-c, simulating a 500 response
    And the circuit of worker-3 is half_open within the half open time
    And clients send 1 sequential chat for model-c, simulating a 500 response
    And the circuit of worker-3 is open within the settling time
    And the circuit of worker-3 is half_open within the half open time
    And clients send a batch of 2 sequential chats for model-c
    Then every request was refused with status 500 and code simulated_fault
    And every request for a model with one worker took one attempt
    And every request of the batch was answered
    And the circuit of worker-3 is closed within the settling time

  @CLU-035 @GATE-005 @P1
  Scenario Outline: Client errors and overload leave the circuit closed
    When clients send a batch of <count> sequential chats for model-c, simulating <behaviour>
    And the circuit of worker-3 is closed within the settling time
    And clients send 1 sequential chat for model-c
    Then every request of the batch was refused with status <status> and code simulated_fault, after one upstream request each
    And every request was answered, 1 in total
    And every request took one attempt

    Examples:
      | count | behaviour      | status |
      | 40    | a 400 response | 400    |
      | 40    | a 429 response | 429    |
      | 40    | a 503 response | 503    |

  @GATE-005 @P1 @chaos @topology.network_faults @requires.packets
  Scenario Outline: Client errors and overload leave the circuit closed on a slow network
    Given steady load of 20 requests per second on model-shared
    When 500 ms latency to the orchestrator is injected into hive-1
    And clients send a batch of 8 sequential chats for model-a, simulating <behaviour>
    And the circuit of worker-a is closed within the settling time
    And 500 ms latency to the orchestrator is removed from hive-1
    Then every request of the batch was refused with status <status> and code simulated_fault, after one upstream request each
    And the load on model-shared is back to normal within the recovery time of the removal
    And every load request was answered

    Examples:
      | behaviour      | status |
      | a 400 response | 400    |
      | a 429 response | 429    |
