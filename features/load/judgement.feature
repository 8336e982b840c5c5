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

  # Two workers with sixteen slots serve 32 requests a second. Above that rate the queue grows during a whole probe.
  # A short search needs three probes in a row without a pause of the machine, so this one is a long one.
  @LOAD-011 @P2 @slow @topology.few_slots
  Scenario: A search finds the highest rate that the workers can serve
    When a search of 280 seconds for the highest rate with "error_rate<=0, e2e_p50<1.2" runs on model-a, from 15 to 100 requests per second, simulating 1 seconds of work
    Then the search found a highest rate of 28 to 38 requests per second

  # At the same time, so that both loads share each pause of the machine. A comparison needs ten whole seconds of each.
  @integration @LOAD-014 @P2 @topology.high_load
  Scenario: A comparison finds the slower one of two loads, and by how much
    When a load of 8 requests per second for 14.5 seconds runs on model-a, unary and past the gateway, simulating 0.1 seconds of work, beside the same load, unary, simulating 0.5 seconds of work
    And the load is compared with the load before, with a tolerance of 20 percent
    Then the comparison found a load that is slower by 300 to 700 ms

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
