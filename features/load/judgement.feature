@load @exclusive
Feature: A load judges itself, and finds what it searches for

  @integration @LOAD-013 @P2 @topology.small
  Scenario: Several processes send one schedule
    When a load of 50 requests per second for 1.5 seconds runs on model-a, from 2 processes
    Then the workers received each request of the schedule once

  # The stop is shorter than the schedule, and it begins once the first requests have arrived.
  @integration @LOAD-006 @P1 @topology.small
  Scenario: A load with a stopped client is INVALID, and does not blame the server
    When a load of 50 requests per second for 1.5 seconds runs on model-a, and its client is stopped for 0.6 seconds
    Then the load is INVALID, because its client was late

  # Two workers with two slots serve four requests in each 0.2 seconds. Above that rate the queue grows during the whole probe.
  @LOAD-011 @P2 @slow @topology.few_slots
  Scenario: A search finds the highest rate that the workers can serve
    When the highest rate with "error_rate<=0, e2e_p95<0.4" on model-a is searched for 120 seconds, simulating 0.2 seconds of work
    Then the search found 20 requests per second, within 15 percent

  @LOAD-014 @P2 @slow @topology.high_load
  Scenario: A comparison finds that the second load is slower, and by how much
    When a load of 20 requests per second for 13 seconds runs on model-a, unary, simulating 0.1 seconds of work
    And a load of 20 requests per second for 13 seconds runs on model-a, unary, simulating 0.2 seconds of work
    And the load is compared with the load before, with a tolerance of 20 percent
    Then the comparison found a load that is slower by 90 to 110 ms

  @LOAD-014 @P2 @slow @topology.high_load
  Scenario: A comparison of equal loads finds no change
    When a load of 20 requests per second for 13 seconds runs on model-a, unary, simulating 0.1 seconds of work, 2 times
    And the load is compared with the load before, with a tolerance of 20 percent
    Then the comparison found no change
