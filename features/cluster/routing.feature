@integration @topology.default
Feature: The gateway routes each request to a worker of its model

  @CLU-009 @CLU-011 @P1
  Scenario: The gateway routes a chat without streaming to a worker of its model
    Given a worker worker-x of model-x and model-y serves on hive-1
    And worker-x is routable within the convergence time
    When a client sends a chat for model-a
    And a client sends a chat for model-b
    And a client sends a chat for model-c
    And a client sends a chat for model-y
    Then every answer is a full chat completion of the requested model
    And every request was served by exactly one worker of its model

  @CLU-009 @CLU-010 @P1
  Scenario: The gateway routes a stream to a worker of its model
    When a client streams 6 tokens from model-a
    And a client streams 6 tokens from model-b
    And a client streams 6 tokens from model-c
    Then every stream is whole
    And every request was served by exactly one worker of its model

  @CLU-013 @P1
  Scenario: The gateway sends a request for an unknown model to no worker
    When a client sends a chat for model-unheard-of
    And a client sends a chat for model-a-2
    Then every request was refused with status 404 and code model_not_found
    And the workers received no request

  @CLU-017 @P1
  Scenario: Each concurrent client gets the answer to its own request
    When clients send 12 mixed requests for model-a, model-b and model-c
    Then every client received the answer to its own request
    And every answer is a full chat completion of the requested model
    And every request was served by exactly one worker of its model

  @CLU-010 @P1
  Scenario Outline: A stream is complete, however its worker sends it
    When a client streams 6 tokens from model-a, simulating <behaviour>
    Then every stream is whole
    And every request was served by exactly one worker of its model

    Examples:
      | behaviour       |
      | a slow body     |
      | slow headers    |
      | no usage        |
      | two end markers |
