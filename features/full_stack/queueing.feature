@integration @topology.single_slot
Feature: More clients than workers

  @FULL-006 @P1
  Scenario: 3 workers with one slot each answer 10 concurrent requests
    When clients send 10 concurrent chats for model-shared, simulating 0.2 seconds of work
    And clients send 10 concurrent chats for model-shared, simulating 0.2 seconds of work
    And clients send 10 concurrent chats for model-shared, simulating 0.2 seconds of work
    Then every request was answered, 30 in total
    And each worker of model-shared served at least 3 of the requests
    And no worker handled more than 1 request at once, while others waited
    And no request is in flight within the slot release time
    And the registry lists exactly the declared workers within the settling time
