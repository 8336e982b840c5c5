@integration @topology.default
Feature: A chat travels through the whole stack and back

  @FULL-001 @P0
  Scenario: An idle system streams an answer, whole and in order
    When a client streams 12 tokens from model-a
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every answer took no longer than the idle chat time
    And every request was relayed by the hive of the worker that served it
    And no request is in flight within the slot release time

  @SVC-003 @P0
  Scenario: A chat for model-a is answered by a worker of model-a
    When a client asks model-a
    Then every answer is a full chat completion of the model that was asked for
    And every request was served by exactly one worker of its model

  @SVC-004 @P0
  Scenario: A chat for model-b is answered by a worker of model-b
    When a client asks model-b
    Then every answer is a full chat completion of the model that was asked for
    And every request was served by exactly one worker of its model

  @SVC-007 @P0
  Scenario: Tokens reach the client one by one, as the worker emits them
    When a client streams 10 tokens from model-a, one every 0.08 seconds
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every token arrives at the pace at which its worker emitted it

  @FULL-003 @P0
  Scenario: A worker that starts is registered, listed, found and used without telling the orchestrator
    When a worker worker-new of model-new starts on hive-1
    Then worker-new is online in the registry within the registration time
    And model-new is offered to clients within the convergence time
    When a client asks model-new
    Then every answer is a full chat completion of the model that was asked for
    And every request was served by worker-new
