@integration @topology.default
Feature: The gateway handles a worker that crashes during a request

  @FULL-005 @P0 @requires.kill
  Scenario: Another worker answers the request when a worker crashes before the first byte
    Given a client waits for the first token of model-shared
    When the worker serving the request is killed
    Then every request was answered by another worker at the second attempt
    And the registry no longer lists that worker within the worker detection time
    And that worker is not routable within the worker detection time
    When 10 chats for model-shared are sent
    Then no chat sent after the death needed a second attempt

  @FULL-005 @P0 @requires.kill
  Scenario: The stream ends with an error when a worker crashes after the first byte
    Given a client is streaming from model-shared
    When the worker serving the request is killed
    Then every stream broke off so that its client can tell
    And no request was sent to a second worker
    And the registry no longer lists that worker within the worker detection time
