// What a program does with the generated client: every answer is checked, and every value that is
// used here has its type from the document.

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.List;
import scopegate.ApiClient;
import scopegate.ApiException;
import scopegate.api.MeApi;
import scopegate.api.OauthApi;
import scopegate.api.TokensApi;
import scopegate.api.UsersApi;
import scopegate.model.CreatedToken;
import scopegate.model.GrantType;
import scopegate.model.OAuthProblem;
import scopegate.model.PersonalTokenCreate;
import scopegate.model.Problem;
import scopegate.model.TokenAnswer;
import scopegate.model.UserCreate;
import scopegate.model.UserPage;

final class Scenario {
  private static final String PASSWORD = "correct horse battery";
  private static final String SCOPES = "me tokens users:read users:write introspect revocations:read";

  private final String address;

  private Scenario(String address) {
    this.address = address;
  }

  public static void main(String[] args) throws ApiException, JsonProcessingException {
    new Scenario(args[0]).run();
  }

  private void run() throws ApiException, JsonProcessingException {
    TokenAnswer token = logIn(PASSWORD);
    ApiClient admin = holding(token.getAccessToken());
    OAuthProblem wrong = said(OAuthProblem.class, 400, () -> logIn("wrong password"));
    must(wrong.getError().equals("invalid_grant"), wrong);

    var me = new MeApi(admin).getMe();
    must(me.getUsername().equals("ada") && me.getScopes().contains("me"), me);

    var wanted = new PersonalTokenCreate().name("a bot").scopes(List.of("me")).expiresIn(3600L);
    CreatedToken made =
        new MeApi(admin).createMyToken(MeApi.APICreateMyTokenRequest.newBuilder().personalTokenCreate(wanted).build());
    ApiClient bot = holding(made.getAccessToken());
    must(new MeApi(bot).getMe().getUsername().equals("ada"), made);
    var mine = new MeApi(admin).listMyTokens(MeApi.APIListMyTokensRequest.newBuilder().build());
    must(mine.getItems().stream().anyMatch(one -> one.getName().equals("a bot")), mine);

    for (int number = 0; number < 5; number++) {
      var created = create(admin, "user-" + number);
      must(!created.getDisabled(), created);
    }
    List<String> names = new ArrayList<>();
    String cursor = null;
    do {
      UserPage page = page(admin, cursor);
      page.getItems().forEach(user -> names.add(user.getUsername()));
      cursor = page.getNextCursor();
    } while (cursor != null);
    must(names.equals(List.of("ada", "user-0", "user-1", "user-2", "user-3", "user-4")), names);

    ApiClient stranger = holding("garbage");
    Problem refused = said(Problem.class, 401, () -> new MeApi(stranger).getMe());
    must(refused.getType().endsWith("/problems/invalid-token"), refused);

    Problem lacking = said(Problem.class, 403, () -> page(bot, null));
    must(lacking.getScope().equals("users:read"), lacking);

    Problem unfit = said(Problem.class, 422, () -> create(admin, ""));
    must(unfit.getErrors().size() == 1 && unfit.getErrors().get(0).getField().equals("username"), unfit);

    must(new OauthApi(admin).introspectToken(question(made.getAccessToken())).getActive(), made);
    OAuthProblem denied = said(OAuthProblem.class, 401, () -> new OauthApi(stranger).introspectToken(question("x")));
    must(denied.getError().equals("invalid_token"), denied);

    var revoked = new TokensApi(admin).listRevocations(TokensApi.APIListRevocationsRequest.newBuilder().build());
    must(revoked.getRevocations().isEmpty(), revoked);
  }

  private ApiClient anybody() {
    var client = new ApiClient();
    client.updateBaseUri(address);
    return client;
  }

  private ApiClient holding(String token) {
    return anybody().setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
  }

  private TokenAnswer logIn(String password) throws ApiException {
    var form = OauthApi.APICreateTokenRequest.newBuilder().grantType(GrantType.PASSWORD);
    // A list of a form must not be null: this client would stop at it.
    form.username("ada").password(password).scope(SCOPES).resource(List.of()).audience(List.of());
    return new OauthApi(anybody()).createToken(form.build());
  }

  private static scopegate.model.User create(ApiClient client, String name) throws ApiException {
    var user = UsersApi.APICreateUserRequest.newBuilder().userCreate(new UserCreate().username(name));
    return new UsersApi(client).createUser(user.build());
  }

  private static UserPage page(ApiClient client, String cursor) throws ApiException {
    return new UsersApi(client).listUsers(UsersApi.APIListUsersRequest.newBuilder().limit(2L).cursor(cursor).build());
  }

  private static OauthApi.APIIntrospectTokenRequest question(String token) {
    return OauthApi.APIIntrospectTokenRequest.newBuilder().token(token).build();
  }

  private interface Call {
    Object answer() throws ApiException;
  }

  /** What the server says to a call that it refuses. */
  private static <T> T said(Class<T> shape, int status, Call call) throws JsonProcessingException {
    try {
      throw new AssertionError("not refused: " + call.answer());
    } catch (ApiException refusal) {
      must(refusal.getCode() == status, refusal);
      return ApiClient.createDefaultObjectMapper().readValue(refusal.getResponseBody(), shape);
    }
  }

  private static void must(boolean holds, Object what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }
}
