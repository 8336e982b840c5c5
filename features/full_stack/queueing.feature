@integration @topology.single_slot
Feature: More clients than workers

  @FULL-006 @P1
  Scenario: 10 clients meet 3 idle workers: queued, spread, none lost
    When 10 clients ask model-shared at once, each for 0.2 seconds of work
    Then all 10 chats were answered
    And every worker of model-shared served at least 2 of them
    And no worker of 1 slot worked on two requests at once, and some requests waited
    And no request is in flight within the slot release time
    And the registry lists exactly the declared workers within the settling time
