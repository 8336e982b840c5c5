@load @topology.high_load @exclusive
Feature: Benchmarks of the gateway, with the spread over several runs

  @integration @LOAD-001 @CLU-029 @CLU-030 @CLU-033 @P1
  Scenario: A hundred concurrent requests all succeed, and latency and throughput are reported with their spread
    When a load of 100 clients for 0.5 seconds runs on model-a, simulating 0.2 seconds of work, 2 times
    Then the load reached 100 concurrent requests
    And the load met "error_rate<=0, ttft_p99<1, e2e_p99<1"
    And the load reports ttft, itl, tpot, e2e and throughput with p50, p95 and p99

  # A tenth of a second is also the limit for the mean at a thousand requests a minute, and this rate is above that.
  @integration @CLU-032 @CLU-034 @INT-014 @P1
  Scenario: The gateway adds at most a tenth to a request of one second
    When a load of 40 requests per second for 0.5 seconds runs on model-a, unary and past the gateway, simulating 1 seconds of work
    And a load of 40 requests per second for 0.5 seconds runs on model-a, unary, simulating 1 seconds of work
    Then the load's p50 e2e is at most 110 percent of that of the load before
    And the load's p99 e2e is at most 110 percent of that of the load before
    And the load's mean e2e is at most 100 ms above that of the load before
    And the load met "error_rate<=0"

  @integration @CLU-032 @P1
  Scenario: A retry adds less than a tenth of a second
    When a load of 20 requests per second for 0.5 seconds runs on model-a, unary, simulating a connection reset at worker-1
    Then the gateway retried a request of the load
    And the load met "error_rate<=0, e2e_max<0.1"

  @integration @CLU-031 @P1
  Scenario: Sticky sessions save about half of the latency
    # Two conversations without a session take so long. A cut one has only its first turns, which are the fastest.
    When a load of 3 clients for 0.9 seconds runs on model-b, in conversations of 4 turns
    And a load of 3 clients for 0.9 seconds runs on model-b, in sessions of 4 turns
    Then the load's mean e2e is 40 to 60 percent of that of the load before
    And the load met "error_rate<=0"

  @INT-014 @P2 @slow
  Scenario: A thousand requests in a minute get little added latency and no timeout
    When a load of 17 requests per second for 15 seconds runs on model-a, unary and past the gateway, simulating 0.1 seconds of work
    And a load of 17 requests per second for 60 seconds runs on model-a, unary, simulating 0.1 seconds of work
    Then the load's mean e2e is at most 100 ms above that of the load before
    And the load's p99 e2e is at most 500 ms above that of the load before
    And the load met "error_rate<=0"
