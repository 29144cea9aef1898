package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// Rule is what a value must be: a kind of sandbox/providers/validators.py. Where the kind is one of
// terraform-plugin-sdk's validators, that validator judges; the others are those of
// terraform-provider-aws, which is no module that can be required.
type Rule struct {
	Kind  string `json:"kind"`
	Limit any    `json:"limit"`
	Says  string `json:"says"`
}

type rawRule struct {
	Kind  string          `json:"kind"`
	Limit json.RawMessage `json:"limit"`
	Says  string          `json:"says"`
}

// UnmarshalJSON reads a rule; the limit of `any` is rules again.
func (r *Rule) UnmarshalJSON(text []byte) error {
	var raw rawRule
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}

	r.Kind, r.Says = raw.Kind, raw.Says
	if raw.Kind == "any" {
		var rules []Rule
		err := json.Unmarshal(raw.Limit, &rules)
		r.Limit = rules
		return err
	}

	return json.Unmarshal(raw.Limit, &r.Limit)
}

func all(rules []Rule) schema.SchemaValidateFunc {
	if len(rules) == 0 {
		return nil
	}

	return validation.All(validators(rules)...)
}

func validators(rules []Rule) []schema.SchemaValidateFunc {
	var made []schema.SchemaValidateFunc
	for _, rule := range rules {
		made = append(made, rule.worded())
	}

	return made
}

// worded returns the rule's validator, with the provider's own text where it has one.
func (r Rule) worded() schema.SchemaValidateFunc {
	judge := r.validator()
	if r.Says == "" {
		return judge
	}

	return func(value any, key string) ([]string, []error) {
		if _, found := judge(value, key); len(found) == 0 {
			return nil, nil
		}

		text := strings.ReplaceAll(r.Says, "{key}", key)
		text = strings.ReplaceAll(text, "{value}", fmt.Sprint(value))
		return nil, []error{fmt.Errorf("%s", text)}
	}
}

func (r Rule) validator() schema.SchemaValidateFunc {
	switch r.Kind {
	case "any":
		return validation.Any(validators(r.Limit.([]Rule))...)
	case "pattern":
		return validation.StringMatch(regexp.MustCompile(r.Limit.(string)), "")
	case "unlike":
		return validation.StringDoesNotMatch(regexp.MustCompile(r.Limit.(string)), "")
	case "length":
		limits := numbers(r.Limit)
		return validation.StringLenBetween(limits[0], limits[1])
	case "range":
		limits := numbers(r.Limit)
		return validation.IntBetween(limits[0], limits[1])
	case "choices":
		return choices(r.Limit.([]any))
	case "is":
		return shapes[r.Limit.(string)]
	case "policy":
		return policy(int(r.Limit.(float64)))
	case "event_pattern":
		return eventPattern(int(r.Limit.(float64)))
	case "function_name":
		return functionName
	}

	panic("no such kind of rule: " + r.Kind)
}

func numbers(limit any) []int {
	var made []int
	for _, number := range limit.([]any) {
		made = append(made, int(number.(float64)))
	}

	return made
}

func choices(given []any) schema.SchemaValidateFunc {
	if _, ok := given[0].(float64); ok {
		return validation.IntInSlice(numbers(given))
	}

	var names []string
	for _, name := range given {
		names = append(names, name.(string))
	}

	return validation.StringInSlice(names, false)
}

var shapes = map[string]schema.SchemaValidateFunc{
	"json":    validation.StringIsJSON,
	"arn":     simple(regexp.MustCompile(`^$|^arn:aws(-[a-z]+)*:[^:]*:([a-z]{2}(-[a-z]+)+-\d)?:(aws|aws-managed|third-party|\d{12}|cw.{10})?:.+`), `"%s" (%s) is an invalid ARN`),
	"account": simple(regexp.MustCompile(`^(aws|aws-managed|third-party|\d{12}|cw.{10})$`), `"%s" doesn't look like AWS Account ID (exactly 12 digits): "%s"`),
	"base64":  isBase64,
}

func simple(pattern *regexp.Regexp, text string) schema.SchemaValidateFunc {
	return func(value any, key string) ([]string, []error) {
		if pattern.MatchString(value.(string)) {
			return nil, nil
		}

		return nil, []error{fmt.Errorf(text, key, value)}
	}
}

func isBase64(value any, key string) ([]string, []error) {
	if _, err := base64.StdEncoding.DecodeString(value.(string)); err != nil {
		return nil, []error{fmt.Errorf(`"%s" ("%s") must be base64-encoded`, key, value)}
	}

	return nil, nil
}

func policy(most int) schema.SchemaValidateFunc {
	return func(value any, key string) ([]string, []error) {
		text := value.(string)
		switch {
		case text == "":
			return nil, []error{fmt.Errorf(`"%s" is an empty string, which is not a valid JSON value`, key)}
		case text[0] != '{':
			return nil, []error{fmt.Errorf(`"%s" contains an invalid JSON policy: not a JSON object`, key)}
		}

		size, err := compacted(text)
		if err != nil {
			return nil, []error{fmt.Errorf(`"%s" contains an invalid JSON policy: %w`, key, err)}
		}

		if size > most {
			return nil, []error{fmt.Errorf("Cannot exceed quota for PolicySize: %d (actual: %d)", most, size)}
		}

		return nil, nil
	}
}

func eventPattern(most int) schema.SchemaValidateFunc {
	return func(value any, key string) ([]string, []error) {
		if value == "" { // ruleEventPatternJSONDecoder, internal/service/events/rule.go@0cdab4ae
			return nil, nil
		}

		size, err := compacted(value.(string))
		if err != nil {
			return nil, []error{fmt.Errorf(`"%s" contains an invalid JSON: %w`, key, err)}
		}

		if size > most {
			return nil, []error{fmt.Errorf(`"%s" cannot be longer than %d characters: %q`, key, most, value)}
		}

		return nil, nil
	}
}

func compacted(text string) (int, error) {
	var short bytes.Buffer
	err := json.Compact(&short, []byte(text))
	return short.Len(), err
}

var function = regexp.MustCompile(`^(arn:[\w-]+:lambda:)?([a-z]{2}-(?:[a-z]+-){1,2}\d{1}:)?(\d{12}:)?(function:)?([0-9A-Za-z_-]+)(:(\$LATEST|[0-9A-Za-z_-]+))?$`)

func functionName(value any, key string) ([]string, []error) {
	parts := function.FindStringSubmatch(value.(string))
	if parts == nil {
		return nil, []error{fmt.Errorf("invalid value for %s (must be valid function name or function ARN)", key)}
	}

	name := parts[5]
	if len(name) > 64 {
		return nil, []error{fmt.Errorf("expected length of the Lambda function name to be less than or equal to 64, got %s (%d characters)", name, len(name))}
	}

	return nil, nil
}
