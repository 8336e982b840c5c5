@load @chaos @slow @exclusive @topology.five_workers @fresh_stack
Feature: A stack serves a steady load for a long time, under random faults

  @LOAD-010 @P1
  Scenario: A soak with random faults has no wrong answer, no avoidable failure and no leak
    When the soak runs to its end
    Then the soak shows no wrong answer, no avoidable failure and no leak
