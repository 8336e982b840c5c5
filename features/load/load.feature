@load @topology.high_load
Feature: The gateway serves load within its objectives

  @integration @LOAD-012 @P2 @exclusive
  Scenario: A recorded trace is replayed, and its seed gives the same requests at the same times
    When a load of a recorded trace of 20 conversations runs on model-a, 2 times
    Then the load met "error_rate<=0, integrity_rate>=1"
    And every run of the load sent the same requests at the same times

  @integration @LOAD-004 @P2 @topology.low_limits @exclusive
  Scenario: An overloaded gateway refuses with a time for the next attempt, and serves again after that
    When a load of 100 requests per second for 0.5 seconds runs on model-a, simulating 0.5 seconds of work
    And a load of 4 clients for 0.5 seconds runs on model-a, simulating 0.1 seconds of work
    Then the load met "error_rate<=0"
    And the load before failed only by refusals with status 429 or 503 and Retry-After

  @integration @LOAD-003 @P1 @exclusive
  Scenario: A growing number of users with think time is served in time
    When a load of users that grow to 10, 50 and 100, each for 1 seconds, with 0.5 seconds of think time runs on model-a, unary, simulating 0.2 seconds of work
    Then the load met "error_rate<0.01, e2e_p95<0.5, e2e_p99<1"

  # Workers of model-b are four times as slow with all slots in use.
  @integration @LOAD-005 @P2 @topology.few_slots @exclusive
  Scenario: Latency is back at its baseline soon after a small spike of users
    When a load of users that jump to 8, 40 and 8, each for 3 seconds, with 0.2 seconds of think time runs on model-b, unary, simulating 0.2 seconds of work
    Then the load is calm within 2 seconds of each peak

  # The long ones need more than two cores: gateway, workers and client together use about 1.5 ms of processor time a request.
  # Where the client is late for that reason, the run is INVALID and gives no verdict.

  @LOAD-002 @P1 @slow @exclusive
  Scenario: A thousand concurrent requests are answered, unary and streamed
    When a load of 1000 clients for 6 seconds runs on model-a, simulating 2 seconds of work
    Then the load reached 1000 concurrent requests
    And the load met "error_rate<=0, integrity_rate>=1"

  @LOAD-003 @P1 @slow @exclusive
  Scenario: A thousand users with a second of think time are served in time
    When a load of users that grow to 100, 500 and 1000, each for 10 seconds, with 1 second of think time runs on model-a, unary
    Then the load met "error_rate<0.01, e2e_p95<0.5, e2e_p99<1"

  @LOAD-004 @P2 @slow @exclusive
  Scenario: Stress by five thousand users brings backpressure at most, and full recovery follows
    When a load of users that grow to 5000, each for 20 seconds, with 1 second of think time runs on model-a, unary
    And a load of 50 requests per second for 3 seconds runs on model-a, unary
    Then the load met "error_rate<=0, e2e_p99<0.5"
    And the load before met "error_rate<0.05"
    And the load before failed only by refusals with status 429 or 503 and Retry-After

  @LOAD-005 @P2 @slow @exclusive
  Scenario: Latency is back at its baseline soon after spikes of users
    When a load of users that jump to 100, 2000, 100, 3000 and 100, each for 12 seconds, with 1 second of think time runs on model-a, unary
    Then the load is calm within 10 seconds of each peak
