package tsl

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// ServiceKind is what Judge looks for: the service types that count, and what a
// certificate issued under a listed authority has to be fit for. It is a policy
// of the caller's; REM, REMBaseline, EDS and TimeStamping are the usual ones.
type ServiceKind struct {
	// Name is for people.
	Name string
	// Qualified are the service types that make a service qualified while its
	// status is granted, Other those that make it merely listed.
	Qualified, Other []string
	// Usage, unless ExtKeyUsageAny (the zero value), must be among the extended
	// key usages of a certificate that is not listed itself but issued by a
	// listed authority. If the certificate has none, only Required refuses it.
	Usage    x509.ExtKeyUsage
	Required bool
}

// REM is registered e-mail, whether its provider is listed for registered mail
// (EDS/REM) or for electronic registered delivery in general (EDS): which of the
// two a member state uses differs.
func REM() ServiceKind {
	return ServiceKind{
		Name:      "registered electronic mail",
		Qualified: []string{ServiceREMQualified, ServiceEDSQualified},
		Other:     []string{ServiceREM, ServiceEDS},
		Usage:     x509.ExtKeyUsageEmailProtection,
	}
}

// REMBaseline is registered e-mail to the letter of EN 319 532-4 §C.2.3.3: only
// services listed as EDS/REM.
func REMBaseline() ServiceKind {
	return ServiceKind{
		Name:      "registered electronic mail (REM baseline)",
		Qualified: []string{ServiceREMQualified},
		Other:     []string{ServiceREM},
		Usage:     x509.ExtKeyUsageEmailProtection,
	}
}

// EDS is electronic registered delivery of any binding, mail or not: evidence
// (EN 319 522) may come from either.
func EDS() ServiceKind {
	return ServiceKind{
		Name:      "electronic registered delivery",
		Qualified: []string{ServiceEDSQualified, ServiceREMQualified},
		Other:     []string{ServiceEDS, ServiceREM},
	}
}

// TimeStamping is a time-stamping authority.
func TimeStamping() ServiceKind {
	return ServiceKind{
		Name:      "time-stamping",
		Qualified: []string{ServiceTSAQualified},
		Other:     []string{ServiceTSA, ServiceTSAForQC, ServiceTSAForAdES},
		Usage:     x509.ExtKeyUsageTimeStamping,
		Required:  true,
	}
}

// Types returns all the service types of the kind.
func (k ServiceKind) Types() []string { return slices.Concat(k.Qualified, k.Other) }

func (k *ServiceKind) qualified(serviceType string) bool {
	return slices.Contains(k.Qualified, serviceType)
}

func (k *ServiceKind) counts(serviceType string) bool {
	return k.qualified(serviceType) || slices.Contains(k.Other, serviceType)
}

// ShortType is a service type without the prefix that all share: "EDS/REM/Q".
func ShortType(uri string) string { return strings.TrimPrefix(uri, serviceTypePrefix) }

// ShortStatus is a status without its prefix: "granted".
func ShortStatus(uri string) string { return strings.TrimPrefix(uri, statusPrefix) }

// eIDAS is when trust services began to be qualified under Regulation (EU)
// No 910/2014 (art. 52): 1 July 2016, Brussels time, as the lists write it.
func eIDAS() time.Time { return time.Date(2016, 6, 30, 22, 0, 0, 0, time.UTC) }
