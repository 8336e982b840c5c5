@integration @topology.default
Feature: Which models are offered, and who answers for them

  @SVC-002 @P0
  Scenario: The models of all ready workers are offered, each once
    Then the gateway offers exactly model-a, model-b, model-c and model-shared to a client

  @SVC-002 @P0
  Scenario: A model disappears with its last worker, and not before
    When a worker worker-x of model-x starts on hive-1
    And a worker worker-y of model-x starts on hive-2
    Then worker-x can be routed to within the registration time
    And worker-y can be routed to within the registration time
    And the gateway offers model-x within the convergence time
    When worker-x is removed from hive-1
    Then the registry no longer lists worker-x within the convergence time
    And the gateway still offers model-x
    When worker-y is removed from hive-2
    Then the gateway no longer offers model-x within the convergence time

  @SVC-005 @P0
  Scenario: Chats without a session are shared out evenly
    When clients send 200 chats for model-shared
    Then every request was answered, 200 in total
    And each worker of model-shared served at least 35 percent of the requests

  @SVC-006 @P0
  Scenario: A model nobody has heard of is not found
    When a client sends a chat for model-unheard-of
    Then every request was refused with status 404 and code model_not_found
    And the workers received no request

  @SVC-006 @P0 @CHAT-010
  Scenario: A model that was there a moment ago is unavailable, not unknown
    Given a worker worker-x of model-x served on hive-1 and was removed
    When a client sends a chat for model-x
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the workers received no request

  @SVC-006 @P0
  Scenario: A model that is declared is unavailable, not unknown, until a worker has it
    When a client sends a chat for model-declared
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the workers received no request

  @SVC-006 @P0 @topology.unknown_model_503
  Scenario: With the policy unknown_model_status 503, an unknown model is unavailable too
    When a client sends a chat for model-unheard-of
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the workers received no request
