@integration @topology.default
Feature: The gateway handles a worker that crashes during a request

  @FULL-005 @P0 @requires.kill
  Scenario: Another worker answers the request when a worker crashes before the first byte
    Given a client waits for the first token of model-shared
    When the worker serving the request is killed
    And the registry no longer lists that worker within the worker detection time
    And that worker is not routable within the worker detection time
    And clients send a batch of 10 sequential chats for model-shared
    Then another worker answered every request at the second attempt
    And no request is in flight within the slot release time
    And every request of the batch took one attempt

  @CLU-015 @P0 @requires.kill
  Scenario: A request that has no byte yet moves to another worker when its worker crashes
    Given a client waits for the first token of model-shared
    When the worker serving the request is killed
    Then another worker answered every request at the second attempt

  @FULL-005 @P0 @requires.kill
  Scenario: The stream ends with an error when a worker crashes after the first byte
    Given a client is streaming from model-shared
    When the worker serving the request is killed
    Then every stream broke off visibly
    And every request took one attempt
    And the registry no longer lists that worker within the worker detection time
