package evidence

import "strings"

// User is a sender, a recipient or a delegate: UserDetailsType (EN 319 522-3
// §5.2.2).
type User struct {
	// Attributes are the SAML attributes of tns:Identity.
	Attributes []Attribute
	// Identifier is the address. Scheme is @IdentifierSchemeName: "mailto" in
	// REM, with the bare address.
	Identifier Identifier
	// Assurance is AssuranceLevelsDetails.
	Assurance *Assurance
}

// Identifier is EntityIdentifierType.
type Identifier struct{ Scheme, Value string }

const schemeMailto = "mailto"

// Mailbox is the User that the baseline writes for an address (C.3.4 of
// EN 319 532-4), without identity.
func Mailbox(address string) User {
	return User{Identifier: Identifier{schemeMailto, address}}
}

// WithPersonIdentifier is the user with the SAML attribute PersonIdentifier,
// see [PersonIdentifier].
func (u User) WithPersonIdentifier(id string) User {
	u.Attributes = append(u.Attributes[:len(u.Attributes):len(u.Attributes)], Attribute{
		Name: AttributePersonIdentifier, NameFormat: nameFormatURI, FriendlyName: "PersonIdentifier",
		Values: []AttributeValue{{Type: QName{NamespaceNaturalPerson, typePersonIdentifier}, Text: id}},
	})
	return u
}

// Address is the user's mail address, empty when the identifier is of another
// scheme. A "mailto:" before it is left out.
func (u *User) Address() string {
	if !strings.EqualFold(u.Identifier.Scheme, schemeMailto) {
		return ""
	}
	const prefix = schemeMailto + ":"
	if v := u.Identifier.Value; len(v) >= len(prefix) && strings.EqualFold(v[:len(prefix)], prefix) {
		return v[len(prefix):]
	}
	return u.Identifier.Value
}

// PersonIdentifier is the attribute of that name, CC/CC/userid; empty when
// there is none.
func (u *User) PersonIdentifier() string { return attribute(u.Attributes, AttributePersonIdentifier) }

// Delegate is RecipientsDelegateDetails.
type Delegate struct {
	User
	// For are the numbers of the recipients who delegate
	// (DelegatingRecipients), from 1, as written.
	For []int
}

// Assurance is AssuranceLevelsDetails (EN 319 522-3 §5.2.2), one of two
// forms: Global with Authentication; or AuthenticationLevel (with or without
// Authentication), IdentityProof and perhaps Federation.
type Assurance struct {
	// Global is GlobalAssuranceLevel.
	Global *Level
	// Authentication is AuthenticationDetails in either form.
	Authentication *Authentication
	// AuthenticationLevel is the level inside
	// AuthenticationDetsAndAssuranceLevel.
	AuthenticationLevel *Level
	// IdentityProof is IdentityProofAssuranceLevel, Federation
	// FederationAssuranceLevel.
	IdentityProof, Federation *Level
}

// Level is AssuranceLevelDetails.
type Level struct {
	// URI is AssuranceLevel, such as LevelSubstantial.
	URI string
	// Policy is PolicyID, PolicyDetails its PolicyIDDetails, Resources its
	// PolicyIDDetailsResources.
	Policy, PolicyDetails string
	Resources             []Resource
}

// LevelSubstantial is the assurance level of the REM baseline.
const LevelSubstantial = "http://eidas.europa.eu/LoA/substantial"

// Resource is a URI with its language.
type Resource struct{ Lang, URI string }

// Authentication is AuthenticationDetails: Time and Method, or one of the
// others, kept as they were.
type Authentication struct {
	Time   Time
	Method string
	// Assertion is a saml:Assertion; its XML is the whole element.
	Assertion *Any
	// OAuth2 and Other are elements of those names.
	OAuth2, Other *Any
}
