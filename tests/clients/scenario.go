// What a program does with the generated client: every answer is checked, and every value that is
// used here has its type from the document.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	scopegate "scopegate_client"
)

const password = "correct horse battery"

func must(holds bool, what ...interface{}) {
	if !holds {
		panic(fmt.Sprintln(what...))
	}
}

func main() {
	settings := scopegate.NewConfiguration()
	settings.Servers = scopegate.ServerConfigurations{{URL: os.Args[1]}}
	api := scopegate.NewAPIClient(settings)
	anybody := context.Background()
	holding := func(token string) context.Context {
		return context.WithValue(anybody, scopegate.ContextAccessToken, token)
	}
	logIn := func(password string) (*scopegate.TokenAnswer, *http.Response, error) {
		form := api.OauthAPI.CreateToken(anybody).GrantType(scopegate.PASSWORD).Username("ada").Password(password)
		return form.Scope("me tokens users:read users:write introspect revocations:read").Execute()
	}

	token, _, err := logIn(password)
	must(err == nil, err)
	admin := holding(token.AccessToken)
	_, answer, err := logIn("wrong password")
	wrong := said[scopegate.OAuthProblem](answer, err, 400)
	must(wrong.Error == "invalid_grant", wrong)

	me, _, err := api.MeAPI.GetMe(admin).Execute()
	must(err == nil && me.Username == "ada" && strings.Contains(strings.Join(me.Scopes, " "), "me"), err, me)

	wanted := scopegate.NewPersonalTokenCreate("a bot", []string{"me"})
	wanted.SetExpiresIn(3600)
	made, _, err := api.MeAPI.CreateMyToken(admin).PersonalTokenCreate(*wanted).Execute()
	must(err == nil, err)
	bot := holding(made.AccessToken)
	mine, _, err := api.MeAPI.GetMe(bot).Execute()
	must(err == nil && mine.Username == "ada", err)
	_, answer, err = api.MeAPI.ListMyTokens(admin).Execute()
	must(err == nil && answer.StatusCode == 200, err)

	for number := 0; number < 5; number++ {
		user := scopegate.NewUserCreate(fmt.Sprintf("user-%d", number))
		created, _, err := api.UsersAPI.CreateUser(admin).UserCreate(*user).Execute()
		must(err == nil && !created.Disabled, err)
	}
	var names []string
	for question := api.UsersAPI.ListUsers(admin).Limit(2); ; {
		page, _, err := question.Execute()
		must(err == nil, err)
		for _, user := range page.Items {
			names = append(names, user.Username)
		}
		if page.NextCursor.Get() == nil {
			break
		}
		question = question.Cursor(*page.NextCursor.Get())
	}
	must(strings.Join(names, " ") == "ada user-0 user-1 user-2 user-3 user-4", names)

	stranger := holding("garbage")
	_, answer, err = api.MeAPI.GetMe(stranger).Execute()
	refused := said[scopegate.Problem](answer, err, 401)
	must(strings.HasSuffix(refused.Type, "/problems/invalid-token"), refused)

	_, answer, err = api.UsersAPI.ListUsers(bot).Execute()
	lacking := said[scopegate.Problem](answer, err, 403)
	must(lacking.GetScope() == "users:read", lacking)

	_, answer, err = api.UsersAPI.CreateUser(admin).UserCreate(*scopegate.NewUserCreate("")).Execute()
	unfit := said[scopegate.Problem](answer, err, 422)
	must(len(unfit.Errors) == 1 && unfit.Errors[0].Field == "username", unfit)

	active, _, err := api.OauthAPI.IntrospectToken(admin).Token(made.AccessToken).Execute()
	must(err == nil && active.Active, err)
	_, answer, err = api.OauthAPI.IntrospectToken(stranger).Token("x").Execute()
	denied := said[scopegate.OAuthProblem](answer, err, 401)
	must(denied.Error == "invalid_token", denied)

	revoked, _, err := api.TokensAPI.ListRevocations(admin).Execute()
	must(err == nil && len(revoked.Revocations) == 0, err)
}

// What the server says to a call that it refuses.
func said[Problem any](answer *http.Response, err error, status int) Problem {
	var refusal *scopegate.GenericOpenAPIError
	must(errors.As(err, &refusal) && answer.StatusCode == status, err)
	problem, is := refusal.Model().(Problem)
	must(is, refusal.Model())
	return problem
}
