@integration @topology.default
Feature: The gateway offers the models of its workers and refuses other ones

  @SVC-002 @P0
  Scenario: The gateway offers each model of a ready worker once
    Then the gateway offers exactly model-a, model-b, model-c and model-shared to a client

  @SVC-002 @P0
  Scenario: The gateway offers a model while one of its workers is left
    Given a worker worker-x of model-x serves on hive-1
    And a worker worker-y of model-y and model-x serves on hive-2
    And the gateway offers model-x within the convergence time
    When hive-1 removes worker-x
    Then the registry no longer lists worker-x within the convergence time
    And the gateway still offers model-x

  @SVC-002 @P0
  Scenario: The gateway no longer offers a model when its last worker leaves
    When a worker worker-x of model-x starts on hive-1
    And a worker worker-y of model-x starts on hive-2
    And worker-x is routable within the registration time
    And worker-y is routable within the registration time
    And the gateway offers model-x within the convergence time
    And hive-1 removes worker-x
    And hive-2 removes worker-y
    Then the gateway no longer offers model-x within the convergence time

  @SVC-005 @P0
  Scenario: The gateway distributes chats without a session evenly
    When clients send 200 chats for model-shared
    Then every request was answered, 200 in total
    And each worker of model-shared served at least 35 percent of the requests

  @SVC-005 @CLU-020 @P0
  Scenario: The gateway sends sequential chats to the workers of a model in turn
    When clients send 40 sequential chats for model-shared
    Then every request was answered, 40 in total
    And each worker of model-shared served 16 to 24 of the requests

  @SVC-006 @P0
  Scenario: The gateway answers 404 for an unknown model
    When a client sends a chat for model-unheard-of
    And a client sends a chat for model-a-2
    Then every request was refused with status 404 and code model_not_found
    And the workers received no request

  @SVC-006 @P0 @CHAT-010
  Scenario: The gateway answers 503 for a model without a worker left
    Given a worker worker-x of model-x serves on hive-1, and is removed again
    And a worker worker-y of model-y serves on hive-1
    And worker-y is routable within the convergence time
    When a client sends a chat for model-x
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the workers received no request

  @SVC-006 @P0
  Scenario: The gateway answers 503 for a declared model without a worker
    When a client sends a chat for model-declared
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the workers received no request

  @SVC-006 @P0 @topology.unknown_model_503
  Scenario: The gateway answers 503 for an unknown model when unknown_model_status is 503
    When a client sends a chat for model-unheard-of
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the workers received no request
