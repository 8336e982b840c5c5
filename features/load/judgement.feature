@load @exclusive @topology.small
Feature: A load judges itself

  @integration @LOAD-013 @P2
  Scenario: Several processes send one schedule
    When a load of 50 requests per second for 1.5 seconds runs on model-a, from 2 processes
    Then the workers received each request of the schedule once

  # The stop is shorter than the schedule, and it begins once the first requests have arrived.
  @integration @LOAD-006 @P1
  Scenario: A load with a stopped client is INVALID, and does not blame the server
    When a load of 50 requests per second for 1.5 seconds runs on model-a, and its client is stopped for 0.6 seconds
    Then the load is INVALID, because its client was late
