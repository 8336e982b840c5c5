@integration @topology.default
Feature: A chat passes through the whole stack and back

  @FULL-001 @P0
  Scenario: An idle system streams an answer, whole and in order
    When a client streams 12 tokens from model-a
    Then every stream is whole
    And every response time is within the idle chat time
    And every request can be traced through the hive of its worker
    And no request is in flight within the slot release time

  @SVC-003 @P0 @topology.attached
  Scenario: A chat for model-a is answered by a worker of model-a
    When a client sends a chat for model-a
    Then every answer is a full chat completion of the requested model
    And every request was served by exactly one worker of its model

  @SVC-004 @P0 @topology.multi_tenant
  Scenario: A chat for model-b is answered by a worker of model-b
    When a client sends a chat for model-b
    Then every answer is a full chat completion of the requested model
    And every request was served by exactly one worker of its model

  @SVC-007 @P0 @exclusive
  Scenario: Tokens reach the client one by one, at the worker's pace
    When a client streams 10 tokens from model-a, simulating a token every 0.08 seconds
    Then every stream is whole
    And the token lag is within the chunk lag time

  @FULL-003 @P0
  Scenario: The orchestrator finds a new worker through the registry
    When clients send a batch of 2 sequential chats for model-unseen
    And a worker worker-new of model-unseen starts on hive-1
    And worker-new is online in the registry within the registration time
    And the gateway offers model-unseen within the convergence time
    And a client sends a chat for model-unseen
    Then every request of the batch was refused with status 404 and code model_not_found, before any upstream request
    And every answer is a full chat completion of the requested model
    And every request was served by worker-new
