package main

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/hashicorp/go-cty/cty"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Type is one resource type of the table, `Facts` in sandbox/providers/official.py.
type Type struct {
	Inputs              map[string]*Input `json:"inputs"`
	Outputs             []string          `json:"outputs"`
	Regional            bool              `json:"regional"`
	Tagged              bool              `json:"tagged"`
	DeleteBeforeReplace bool              `json:"delete_before_replace"`
	Planned             []Relation        `json:"planned"`
}

// Relation is a rule that the provider looks at when it plans, `CustomizeDiff`.
type Relation struct {
	Kind    string   `json:"kind"`
	Input   string   `json:"input"`
	Of      []string `json:"of"`
	Pattern string   `json:"pattern"`
	Says    string   `json:"says"`
}

// Input is one input of a type or block; the keys are explained in official.yaml.
type Input struct {
	Type         string            `json:"type"`
	Terraform    string            `json:"terraform"`
	Required     bool              `json:"required"`
	Computed     bool              `json:"computed"`
	Replaces     any               `json:"replaces"`
	Default      any               `json:"default"`
	Automatic    *Automatic        `json:"automatic"`
	Conflicts    []string          `json:"conflicts"`
	ExactlyOne   []string          `json:"exactly_one"`
	AtLeastOne   []string          `json:"at_least_one"`
	RequiredWith []string          `json:"required_with"`
	WriteOnly    bool              `json:"write_only"`
	Secret       bool              `json:"secret"`
	Rules        []Rule            `json:"rules"`
	Each         []Rule            `json:"each"`
	Fields       map[string]*Input `json:"fields"`
}

// Automatic is how the bridge names a resource.
type Automatic struct {
	Max       int    `json:"max"`
	Separator string `json:"separator"`
	Prefix    string `json:"prefix"`
}

var kinds = map[string]schema.ValueType{
	"string":  schema.TypeString,
	"integer": schema.TypeInt,
	"boolean": schema.TypeBool,
	"list":    schema.TypeList,
	"map":     schema.TypeMap,
	"object":  schema.TypeList,
	"archive": schema.TypeString,
}

// terraform returns a name for a type; nothing depends on which.
func (t *Type) terraform(token string) string {
	parts := strings.Split(strings.ToLower(token), ":")
	return parts[0] + "_" + strings.ReplaceAll(parts[1], "/", "_")
}

func (t *Type) resource() *schema.Resource {
	made := &schema.Resource{
		Schema:        block(t.Inputs, ""),
		ReadContext:   nothing,
		CreateContext: t.placeholders,
		DeleteContext: nothing,
		UpdateContext: nothing,
		CustomizeDiff: t.plan,
	}
	for _, output := range t.Outputs {
		name := tfbridge.PulumiToTerraformName(output, nil, nil)
		made.Schema[name] = &schema.Schema{Type: schema.TypeString, Computed: true}
	}

	return made
}

func (t *Type) info(token string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{
		Tok:                 tokens.Type(token),
		Fields:              infos(t.Inputs),
		DeleteBeforeReplace: t.DeleteBeforeReplace,
		PreCheckCallback:    t.preCheck,
	}
}

func nothing(context.Context, *schema.ResourceData, any) diag.Diagnostics { return nil }

// placeholders sets what AWS would set where the program does not.
func (t *Type) placeholders(
	_ context.Context, data *schema.ResourceData, _ any,
) diag.Diagnostics {
	data.SetId("id")
	for _, input := range t.Inputs {
		if !input.Computed {
			continue
		}

		value := data.Get(input.Terraform)
		if value == "" {
			value = "set by AWS"
		}

		if err := data.Set(input.Terraform, value); err != nil {
			return diag.FromErr(err)
		}
	}

	return nil
}

// plan refuses what the rules of `planned` refuse; they look at what the program gives.
func (t *Type) plan(_ context.Context, diff *schema.ResourceDiff, _ any) error {
	for _, relation := range t.Planned {
		value := diff.GetRawConfig().GetAttr(t.Inputs[relation.Input].Terraform)
		if relation.isBroken(t, diff, value) {
			return errors.New(strings.ReplaceAll(relation.Says, "{value}", text(value)))
		}
	}

	return nil
}

func (r *Relation) isBroken(t *Type, diff *schema.ResourceDiff, value cty.Value) bool {
	if !value.IsKnown() {
		return false
	}

	given := !value.IsNull() && (!value.Type().IsListType() || value.LengthInt() > 0)
	if r.Kind == "matches_at_creation" {
		return diff.Id() == "" && given && !regexp.MustCompile(r.Pattern).MatchString(text(value))
	}

	other := diff.GetRawConfig().GetAttr(t.Inputs[r.Of[0]].Terraform)
	isOff := other.IsKnown() && !other.IsNull() && other.False()
	switch r.Kind {
	case "needed_unless_false":
		return other.IsKnown() && !isOff && !given
	case "refused_if_false":
		return isOff && given
	}

	panic("no such kind of relation: " + r.Kind)
}

func text(value cty.Value) string {
	if value.IsNull() || value.Type() != cty.String {
		return ""
	}

	return value.AsString()
}

func block(inputs map[string]*Input, place string) map[string]*schema.Schema {
	made := map[string]*schema.Schema{}
	for _, input := range inputs {
		made[input.Terraform] = input.schema(inputs, place)
	}

	return made
}

func (i *Input) schema(around map[string]*Input, place string) *schema.Schema {
	// A name that is not computed is required in Terraform; the bridge makes one before it looks.
	required := i.Required || (i.Automatic != nil && !i.Computed)
	made := &schema.Schema{
		Type:          kinds[i.Type],
		Required:      required,
		Optional:      !required,
		Computed:      i.Computed,
		ForceNew:      i.Replaces == true,
		Sensitive:     i.Secret,
		WriteOnly:     i.WriteOnly,
		ConflictsWith: paths(i.Conflicts, around, place),
		ExactlyOneOf:  paths(i.ExactlyOne, around, place),
		AtLeastOneOf:  paths(i.AtLeastOne, around, place),
		RequiredWith:  paths(i.RequiredWith, around, place),
	}
	if number, ok := i.Default.(float64); ok {
		made.Default = int(number)
	} else if i.Default != nil {
		made.Default = i.Default
	}

	switch i.Type {
	case "object", "list":
		made.Elem = &schema.Schema{Type: schema.TypeString, ValidateFunc: all(i.Each)}
		if i.Fields != nil || i.Type == "object" {
			made.Elem = &schema.Resource{Schema: block(i.Fields, place+i.Terraform+".0.")}
		}

		if i.Type == "object" {
			made.MaxItems = 1
		}
	case "map":
		made.Elem = &schema.Schema{Type: schema.TypeString}
	default:
		made.ValidateFunc = all(i.Rules)
	}

	return made
}

func paths(names []string, around map[string]*Input, place string) []string {
	var made []string
	for _, name := range names {
		made = append(made, place+around[name].Terraform)
	}

	return made
}

func infos(inputs map[string]*Input) map[string]*tfbridge.SchemaInfo {
	made := map[string]*tfbridge.SchemaInfo{}
	for name, input := range inputs {
		made[input.Terraform] = input.info(name)
	}

	return made
}

func (i *Input) info(name string) *tfbridge.SchemaInfo {
	made := &tfbridge.SchemaInfo{Name: name}
	if i.Automatic != nil {
		made = i.Automatic.info(name)
	}

	if i.Type == "archive" {
		made.Asset = &tfbridge.AssetTranslation{
			Kind:      tfbridge.FileArchive,
			Format:    resource.ZIPArchive,
			HashField: "source_code_hash",
		}
	}

	if i.Fields != nil {
		made.Elem = &tfbridge.SchemaInfo{Fields: infos(i.Fields)}
	}

	return made
}

func (a *Automatic) info(name string) *tfbridge.SchemaInfo {
	if a.Prefix == "" {
		return tfbridge.AutoName(name, a.Max, a.Separator)
	}

	options := tfbridge.AutoNameOptions{
		Separator: a.Separator,
		Maxlen:    a.Max,
		Randlen:   7,
		PostTransform: func(_ *tfbridge.PulumiResource, made string) (string, error) {
			if strings.HasPrefix(made, a.Prefix) {
				return made, nil
			}

			return a.Prefix + made, nil
		},
	}
	return tfbridge.AutoNameWithCustomOptions(name, options)
}
