@integration @topology.default
Feature: A worker dies in the middle of a request

  @FULL-005 @P0 @requires.kill
  Scenario: Before the first byte, the request is answered by another worker
    Given a client waits for the first token of model-shared
    When the worker serving the request is killed
    Then another worker answered every request at the second attempt
    And that worker is out of the registry within the worker detection time
    And that worker is out of routing within the worker detection time
    When clients send 10 chats for model-shared
    Then every request sent after the kill took one attempt

  @FULL-005 @P0 @requires.kill
  Scenario: After the first byte, the client can tell that the answer broke off
    Given a client is streaming from model-shared
    When the worker serving the request is killed
    Then every stream broke off visibly
    And every request took one attempt
    And that worker is out of the registry within the worker detection time
