@integration @topology.default
Feature: A worker dies in the middle of a request

  @FULL-005 @P0 @requires.kill
  Scenario: Before the first byte, the request is answered by another worker
    Given a client waits for the first token of model-shared
    When the worker serving the request is killed
    Then every request was answered by another worker at the second attempt
    And that worker is out of the registry within the worker detection time
    And that worker is out of routing within the worker detection time
    When 10 chats for model-shared are sent
    Then no chat sent after the death needed a second attempt

  @FULL-005 @P0 @requires.kill
  Scenario: After the first byte, the client can tell that the answer broke off
    Given a client is streaming from model-shared
    When the worker serving the request is killed
    Then every stream broke off so that its client can tell
    And no request was sent to a second worker
    And that worker is out of the registry within the worker detection time
