// The judge: Pulumi's own bridge, asked for Check and Diff on the schemas of a table.
//
// It reads one JSON document from stdin (the table and the questions) and writes the answers, in
// the order of the questions, to stdout. Schemas only: nothing is called, and what only AWS would
// know is a placeholder.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/propertyvalue"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// Document is what `python -m sandbox.conformance` writes.
type Document struct {
	Types     map[string]*Type `json:"types"`
	Questions []Question       `json:"questions"`
}

// Question asks how a provider answers to a program's inputs, after a run with other inputs.
type Question struct {
	Token     string         `json:"token"`
	Name      string         `json:"name"`
	Region    string         `json:"region"`
	OldRegion string         `json:"old_region"`
	Olds      map[string]any `json:"olds"`
	News      map[string]any `json:"news"`
}

// Answer holds Check's answer, and Diff's where there were inputs before and Check found no fault.
type Answer struct {
	Error               string         `json:"error,omitempty"`
	Failures            []string       `json:"failures,omitempty"`
	Inputs              map[string]any `json:"inputs,omitempty"`
	Diffs               []string       `json:"diffs,omitempty"`
	Replaces            []string       `json:"replaces,omitempty"`
	DeleteBeforeReplace bool           `json:"deleteBeforeReplace,omitempty"`
}

// seed makes automatic names the same each time.
var seed = []byte("secretsmap.dev/sandbox/conformance")

func main() {
	var document Document
	if err := json.NewDecoder(os.Stdin).Decode(&document); err != nil {
		fail(err)
	}

	judge := &Judge{types: document.Types, servers: map[string]pulumirpc.ResourceProviderServer{}}
	answers := make([]Answer, len(document.Questions))
	for i, question := range document.Questions {
		answers[i] = judge.answer(question)
	}

	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Judge holds one server of the bridge for each region that a question names, and those that are
// Go modules.
type Judge struct {
	types   map[string]*Type
	servers map[string]pulumirpc.ResourceProviderServer
}

// server returns what answers for a type: the real provider, or one that is made of the table.
func (j *Judge) server(token, region string) (pulumirpc.ResourceProviderServer, error) {
	key := region
	if isFramework(token) {
		key = packageOf(token)
	}

	if found, ok := j.servers[key]; ok {
		return found, nil
	}

	var made pulumirpc.ResourceProviderServer
	var err error
	if isFramework(token) {
		made, err = frameworks[key].server(context.Background(), key)
	} else {
		made, err = j.awsServer(region)
	}

	if err == nil {
		j.servers[key] = made
	}

	return made, err
}

func (j *Judge) awsServer(region string) (pulumirpc.ResourceProviderServer, error) {
	provider := &schema.Provider{
		Schema:       map[string]*schema.Schema{"region": {Type: schema.TypeString, Optional: true}},
		ResourcesMap: map[string]*schema.Resource{},
	}
	infos := map[string]*tfbridge.ResourceInfo{}
	for token, found := range j.types {
		if isFramework(token) {
			continue
		}

		provider.ResourcesMap[found.terraform(token)] = found.resource()
		infos[found.terraform(token)] = found.info(token)
	}

	shimmed := shimv2.NewProvider(provider)
	info := tfbridge.ProviderInfo{P: shimmed, Name: "aws", Version: "7.0.0", Resources: infos}
	made := tfbridge.NewProvider(context.Background(), nil, "aws", "7.0.0", shimmed, info, nil)
	settings, err := structpb.NewStruct(map[string]any{"region": region})
	if err != nil {
		return nil, err
	}

	request := &pulumirpc.ConfigureRequest{Args: settings, AcceptSecrets: true}
	_, err = made.Configure(context.Background(), request)
	return made, err
}

func (j *Judge) answer(question Question) Answer {
	answer, err := j.asked(question)
	if err != nil {
		return Answer{Error: err.Error()}
	}

	return answer
}

func (j *Judge) asked(question Question) (Answer, error) {
	urn := "urn:pulumi:dev::secrets::" + question.Token + "::" + question.Name
	var olds, state *structpb.Struct
	if question.Olds != nil {
		var err error
		olds, state, err = j.created(urn, question)
		if err != nil {
			return Answer{}, fmt.Errorf("the run before: %w", err)
		}
	}

	server, err := j.server(question.Token, question.Region)
	if err != nil {
		return Answer{}, err
	}

	inputs, failures, err := check(server, urn, olds, question.News)
	if err != nil {
		return Answer{}, err
	}

	answer := Answer{Inputs: inputs.AsMap(), Failures: failures}
	if olds == nil || len(failures) > 0 {
		return answer, nil
	}

	request := &pulumirpc.DiffRequest{Id: "id", Urn: urn, Olds: state, OldInputs: olds, News: inputs}
	diff, err := server.Diff(context.Background(), request)
	if err != nil {
		return Answer{}, err
	}

	answer.Diffs, answer.Replaces = sorted(diff.Diffs), sorted(diff.Replaces)
	answer.DeleteBeforeReplace = diff.DeleteBeforeReplace
	return answer, nil
}

// created runs Check and Create with the inputs of the run before; returns inputs and state.
func (j *Judge) created(urn string, question Question) (*structpb.Struct, *structpb.Struct, error) {
	region := question.Region
	if question.OldRegion != "" {
		region = question.OldRegion
	}

	server, err := j.server(question.Token, region)
	if err != nil {
		return nil, nil, err
	}

	inputs, failures, err := check(server, urn, nil, question.Olds)
	if err != nil {
		return nil, nil, err
	}

	if len(failures) > 0 {
		return nil, nil, errors.New(failures[0])
	}

	request := &pulumirpc.CreateRequest{Urn: urn, Properties: inputs}
	made, err := server.Create(context.Background(), request)
	if err != nil {
		return nil, nil, err
	}

	state, err := plain(made.Properties)
	return inputs, state, err
}

func check(
	server pulumirpc.ResourceProviderServer, urn string, olds *structpb.Struct, given map[string]any,
) (*structpb.Struct, []string, error) {
	news, err := structpb.NewStruct(given)
	if err != nil {
		return nil, nil, err
	}

	request := &pulumirpc.CheckRequest{Urn: urn, Olds: olds, News: news, RandomSeed: seed}
	checked, err := server.Check(context.Background(), request)
	if err != nil {
		return nil, nil, err
	}

	var failures []string
	for _, failure := range checked.Failures {
		failures = append(failures, failure.Reason) // the bridge names no property
	}

	inputs, err := plain(checked.Inputs)
	return inputs, failures, err
}

// plain returns properties as the engine sends them on to a provider that accepts no secrets, which
// a bridged one is: without the marks of secrets, and without nulls.
func plain(message *structpb.Struct) (*structpb.Struct, error) {
	options := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}
	properties, err := plugin.UnmarshalProperties(message, options)
	if err != nil {
		return nil, err
	}

	unmarked := propertyvalue.RemoveSecrets(resource.NewObjectProperty(properties)).ObjectValue()
	options = plugin.MarshalOptions{KeepUnknowns: true, SkipNulls: true}
	return plugin.MarshalProperties(unmarked, options)
}

func sorted(names []string) []string {
	seen := map[string]bool{}
	result := []string{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			result = append(result, name)
		}
	}

	sort.Strings(result)
	return result
}

// preCheck fills in region and tags as pulumi-aws does before Check (provider/region.go@72bd5227
// and tags.go@1128bcae; without default tags).
func (t *Type) preCheck(
	_ context.Context, given resource.PropertyMap, settings resource.PropertyMap,
) (resource.PropertyMap, error) {
	result := given.Copy()
	if t.Regional && !given.HasValue("region") && settings.HasValue("region") {
		result["region"] = settings["region"]
	}

	if t.Tagged {
		result["tagsAll"] = resource.NewObjectProperty(resource.PropertyMap{})
		if tags := given["tags"]; tags.IsObject() {
			result["tagsAll"] = tags
		}
	}

	return result, nil
}
