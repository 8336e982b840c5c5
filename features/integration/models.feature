@integration @topology.default
Feature: The gateway offers the models of its workers and refuses other ones

  @SVC-002 @P0
  Scenario: The gateway offers each model of a ready worker once
    Then clients are offered exactly model-a, model-b, model-c and model-shared

  @SVC-002 @P0
  Scenario: The gateway offers a model until its last worker leaves
    When a worker worker-x of model-x starts on hive-1
    And a worker worker-y of model-x starts on hive-2
    Then worker-x is routable within the registration time
    And worker-y is routable within the registration time
    And model-x is offered to clients within the convergence time
    When hive-1 removes worker-x
    Then the registry no longer lists worker-x within the convergence time
    And model-x is still offered to clients
    When hive-2 removes worker-y
    Then model-x is no longer offered to clients within the convergence time

  @SVC-005 @P0
  Scenario: The gateway distributes chats without a session evenly
    When 200 chats for model-shared are sent
    Then all 200 chats were answered
    And each worker of model-shared served at least 35 percent of them

  @SVC-006 @P0
  Scenario: The gateway answers 404 for an unknown model
    When a client asks model-unheard-of
    Then every client is refused with status 404 and code model_not_found
    And no worker received a request

  @SVC-006 @P0 @CHAT-010
  Scenario: The gateway answers 503 for a model whose last worker has left
    Given a worker worker-x of model-x serves on hive-1, and is removed again
    When a client asks model-x
    Then every client is refused with status 503 and code no_available_workers, and told when to come back
    And no worker received a request

  @SVC-006 @P0
  Scenario: The gateway answers 503 for a declared model without a worker
    When a client asks model-declared
    Then every client is refused with status 503 and code no_available_workers, and told when to come back
    And no worker received a request

  @SVC-006 @P0 @topology.unknown_model_503
  Scenario: The gateway answers 503 for an unknown model when unknown_model_status is 503
    When a client asks model-unheard-of
    Then every client is refused with status 503 and code no_available_workers, and told when to come back
    And no worker received a request
